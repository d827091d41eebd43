# Five languages on one memory: each reads what every other has written (tests/roundtrip), and all of them add to the
# same counters at the same time (tests/counters). A program per language for each.
foreach(name IN ITEMS roundtrip counters)
  add_executable(${name}_c "${PROJECT_SOURCE_DIR}/tests/${name}/${name}.c")
  set_target_properties(${name}_c PROPERTIES C_STANDARD 11
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests")
  target_compile_options(${name}_c PRIVATE ${lgstore_warnings} -g)
  target_link_libraries(${name}_c PRIVATE c_support lgstore::lgstore Threads::Threads m)
  set(lgstore_${name} "c=$<TARGET_FILE:${name}_c>" "cpp=$<TARGET_FILE:cpp_${name}>" "go=${lgstore_work}/go/${name}"
    "python=${lgstore_python_work}/${name}.sh" "node=${lgstore_node_dir}/tests/${name}.js")
endforeach()
lgstore_go_test(roundtrip.build LABELS ci TIMEOUT 300
  COMMAND build -o "${lgstore_work}/go/" ./internal/roundtrip ./internal/counters)
set_tests_properties(roundtrip.build PROPERTIES FIXTURES_SETUP roundtrip)

# lgstore_languages_test(<name> COMMAND ...): on a file, and as cql.<name> on the cluster.
function(lgstore_languages_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "COMMAND")
  set(environment "LGSTORE_LIBRARY_NODE=$<TARGET_FILE:lgstore_node>" "PYTHONDONTWRITEBYTECODE=1")
  lgstore_test(${name} LABELS ci TIMEOUT 120 ENVIRONMENT ${environment} COMMAND ${test_COMMAND})
  lgstore_test(cql.${name} LABELS ci cql TIMEOUT 300 CLUSTER plain
    ENVIRONMENT ${environment} "LGSTORE_TEST_KEYSPACE=languages_${name}" COMMAND ${test_COMMAND})
  set_property(TEST ${name} cql.${name} APPEND PROPERTY FIXTURES_REQUIRED roundtrip python)
endfunction()
lgstore_languages_test(roundtrip COMMAND "${LGSTORE_PYTHON}" tests/roundtrip/matrix.py ${lgstore_roundtrip}
  # LangGraph's store in Python besides.
  "langgraph=${lgstore_python_work}/roundtrip.sh")
lgstore_languages_test(counters COMMAND "${LGSTORE_BASH}" tests/counters/counters.sh ${lgstore_counters})

# The example of agents in JavaScript and in Python on one memory (examples/node/shared_memory).
lgstore_node_test(node.shared_memory LABELS ci example TIMEOUT 120
  ENVIRONMENT "LGSTORE_TEST_PYTHON=${lgstore_python}" "PYTHONDONTWRITEBYTECODE=1"
  COMMAND --test tests/shared_memory.js)
set_property(TEST node.shared_memory APPEND PROPERTY FIXTURES_REQUIRED python)
