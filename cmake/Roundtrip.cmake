# What one language writes, every other reads (tests/roundtrip).
add_executable(roundtrip_c "${PROJECT_SOURCE_DIR}/tests/roundtrip/roundtrip.c")
set_target_properties(roundtrip_c PROPERTIES C_STANDARD 11
  RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests")
target_compile_options(roundtrip_c PRIVATE ${lgstore_warnings} -g)
target_link_libraries(roundtrip_c PRIVATE c_support lgstore::lgstore Threads::Threads m)
set(lgstore_roundtrip "c=$<TARGET_FILE:roundtrip_c>" "cpp=$<TARGET_FILE:cpp_roundtrip>"
  "go=${lgstore_work}/roundtrip_go" "python=${lgstore_python_work}/roundtrip.sh"
  "node=${lgstore_node_dir}/tests/roundtrip.js")
lgstore_go_test(roundtrip.build LABELS ci TIMEOUT 300
  COMMAND build -o "${lgstore_work}/roundtrip_go" ./internal/roundtrip)
set_tests_properties(roundtrip.build PROPERTIES FIXTURES_SETUP roundtrip)
lgstore_test(roundtrip LABELS ci TIMEOUT 120 ENVIRONMENT "LGSTORE_LIBRARY_NODE=$<TARGET_FILE:lgstore_node>"
  COMMAND "${LGSTORE_BASH}" tests/roundtrip/roundtrip.sh ${lgstore_roundtrip})
set_tests_properties(roundtrip PROPERTIES FIXTURES_REQUIRED "roundtrip;python")
