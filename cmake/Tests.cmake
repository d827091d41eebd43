# CTest runs everything: Rust, C, headers, packages, formatting. Labels:
#   ci        what `cmake --workflow --preset test` runs
#   asan ...  a part, or a campaign too long for `ci`; each has a preset of its name
# A test is found by its file: tests/c/*.c, examples/c/*.c, tests/tools/*.sh. CONTRIBUTING.md says how.
enable_language(CXX)
find_package(Threads REQUIRED)

lgstore_require(LGSTORE_BASH bash "apt-get install bash")
lgstore_test_tool(LGSTORE_ABIDIFF abidiff abigail-tools)
lgstore_test_tool(LGSTORE_CLANG_FORMAT clang-format clang-format)
lgstore_test_tool(LGSTORE_PKG_CONFIG pkg-config pkg-config)
lgstore_test_tool(LGSTORE_STRACE strace strace)
find_program(LGSTORE_GO go HINTS /usr/local/go/bin)
lgstore_test_tool(LGSTORE_GO go golang-go)
lgstore_test_tool(LGSTORE_PYTHON python3 python3)
if(NOT DEFINED ENV{LGSTORE_TEST_CONTACT_POINTS}) # else the cluster is there
  lgstore_test_tool(LGSTORE_JAVA java openjdk-17-jre-headless)
  lgstore_test_tool(LGSTORE_MAVEN mvn maven)
endif()
lgstore_test_tool(LGSTORE_OPENSSL openssl openssl)
lgstore_require(LGSTORE_RUSTFMT rustfmt "rustup component add rustfmt" HINTS "$ENV{HOME}/.cargo/bin")
lgstore_require(LGSTORE_CLIPPY cargo-clippy "rustup component add clippy" HINTS "$ENV{HOME}/.cargo/bin")

# What every test may rely on. State of tests goes under LGSTORE_WORK_DIR and nowhere else.
# Not CC or PKG_CONFIG: they would make Cargo compile SQLite and the cryptography again whenever they come or go.
set(lgstore_work "${CMAKE_CURRENT_BINARY_DIR}/work")
file(MAKE_DIRECTORY "${lgstore_work}")
set(lgstore_environment
  "LGSTORE_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "LGSTORE_BUILD_DIR=${CMAKE_CURRENT_BINARY_DIR}"
  "LGSTORE_WORK_DIR=${lgstore_work}"
  "TMPDIR=${lgstore_work}"
  "LGSTORE_LIBRARY=$<TARGET_FILE:lgstore_shared>"
  "LGSTORE_VECTORS=${PROJECT_SOURCE_DIR}/tests/vectors"
  "LGSTORE_CARGO_DIR=${LGSTORE_CARGO_DIR}"
  "CARGO_TARGET_DIR=${LGSTORE_CARGO_DIR}"
  "CARGO=${LGSTORE_CARGO}"
  "LGSTORE_CC=${CMAKE_C_COMPILER}"
  "LGSTORE_CXX=${CMAKE_CXX_COMPILER}")

# lgstore_test(<name> LABELS <label>... TIMEOUT <seconds> [LOCK <resource>] [CLUSTER plain|secure|three] COMMAND ...)
# With CLUSTER the command finds that cluster in its environment.
function(lgstore_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT;LOCK;CLUSTER" "LABELS;COMMAND;ENVIRONMENT")
  if(test_CLUSTER)
    list(GET test_COMMAND 0 program)
    if(TARGET ${program})
      list(REMOVE_AT test_COMMAND 0)
      list(PREPEND test_COMMAND "$<TARGET_FILE:${program}>")
    endif()
    set(or_given "")
    if(test_CLUSTER STREQUAL "plain")
      set(or_given --or-given)
    endif()
    list(PREPEND test_COMMAND ${lgstore_cluster_tool} with ${or_given} --dir "${lgstore_work}/cluster/${test_CLUSTER}" --)
  endif()
  add_test(NAME ${name} COMMAND ${test_COMMAND} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES
    LABELS "${test_LABELS}" TIMEOUT ${test_TIMEOUT}
    ENVIRONMENT "${lgstore_environment};${test_ENVIRONMENT}")
  if(test_CLUSTER)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED cluster_${test_CLUSTER})
  endif()
  if(test_LOCK) # What takes turns begins first, so that it is not what all others wait for at the end.
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK "${test_LOCK}" COST 1000)
  endif()
endfunction()

# lgstore_settings(<file> <prefix>): reads a line `ctest: key=value key=a;b` of a test's first lines.
function(lgstore_settings file prefix)
  file(STRINGS "${file}" line LIMIT_COUNT 1 REGEX "ctest: ")
  foreach(key IN ITEMS labels timeout asan serial cluster cql)
    if(line MATCHES " ${key}=([^ ]+)")
      # file(STRINGS) has escaped the semicolons, which would make one label of several.
      string(REPLACE "\\;" ";" value "${CMAKE_MATCH_1}")
      set(${prefix}_${key} "${value}" PARENT_SCOPE)
    else()
      set(${prefix}_${key} "" PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

include(cmake/Cluster.cmake)

# Rust. Cargo holds a lock on its folder while it compiles, so what compiles takes turns. The tests themselves wait for
# timers and the cluster most of the time: more of them at once than there are processors.
lgstore_test(rust.build LABELS ci rust TIMEOUT 1800 LOCK cargo
  COMMAND "${LGSTORE_CARGO}" test --locked --no-run)
set_tests_properties(rust.build PROPERTIES FIXTURES_SETUP rust)
lgstore_test(rust.test LABELS ci rust TIMEOUT 1800 CLUSTER plain ENVIRONMENT "RUST_TEST_THREADS=4"
  COMMAND "${LGSTORE_CARGO}" test --locked --no-fail-fast)
set_property(TEST rust.test APPEND PROPERTY FIXTURES_REQUIRED rust)
set_tests_properties(rust.test PROPERTIES COST 2000)
lgstore_test(rust.clippy LABELS ci lint TIMEOUT 1200 LOCK cargo
  COMMAND "${LGSTORE_CARGO}" clippy --locked --all-targets -- -D warnings)
lgstore_test(rust.format LABELS ci lint TIMEOUT 60
  COMMAND "${LGSTORE_CARGO}" fmt --check)
lgstore_test(rust.doc LABELS ci lint TIMEOUT 1200 LOCK cargo ENVIRONMENT "RUSTDOCFLAGS=-D warnings"
  COMMAND "${LGSTORE_CARGO}" doc --locked --no-deps)

# C: every tests/c/*.c is one program, built plainly and with the sanitizers.
set(lgstore_warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
set(lgstore_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
function(lgstore_program target source)
  add_executable(${target} "${source}")
  set_target_properties(${target} PROPERTIES C_STANDARD 11
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests")
  target_link_libraries(${target} PRIVATE lgstore::lgstore Threads::Threads ${CMAKE_DL_LIBS} m)
  target_compile_options(${target} PRIVATE ${lgstore_warnings} -g)
endfunction()
function(lgstore_sanitized target)
  target_compile_options(${target} PRIVATE ${lgstore_sanitizers})
  target_link_options(${target} PRIVATE ${lgstore_sanitizers})
endfunction()
set(lgstore_asan_environment
  "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1"
  "UBSAN_OPTIONS=print_stacktrace=1")

# tests/c/support/*.c is there for all of them.
file(GLOB lgstore_c_support CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/c/support/*.c")
foreach(flavour IN ITEMS c asan)
  add_library(${flavour}_support STATIC ${lgstore_c_support})
  set_target_properties(${flavour}_support PROPERTIES C_STANDARD 11)
  target_include_directories(${flavour}_support PRIVATE "${PROJECT_SOURCE_DIR}/include")
  target_compile_options(${flavour}_support PRIVATE ${lgstore_warnings} -g)
endforeach()
lgstore_sanitized(asan_support)

file(GLOB lgstore_c_tests CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/c/*.c")
foreach(source IN LISTS lgstore_c_tests)
  cmake_path(GET source STEM name)
  lgstore_settings("${source}" set)
  if(NOT set_timeout)
    set(set_timeout 120)
  endif()
  if(NOT set_labels)
    set(set_labels ci)
  endif()
  lgstore_program(c_${name} "${source}")
  target_link_libraries(c_${name} PRIVATE c_support)
  lgstore_test(c.${name} LABELS ${set_labels} c TIMEOUT ${set_timeout} COMMAND c_${name})
  if(NOT set_asan STREQUAL "off")
    lgstore_program(asan_${name} "${source}")
    lgstore_sanitized(asan_${name})
    target_link_libraries(asan_${name} PRIVATE asan_support)
    math(EXPR asan_timeout "${set_timeout} * 4")
    lgstore_test(asan.${name} LABELS ${set_labels} asan TIMEOUT ${asan_timeout}
      ENVIRONMENT ${lgstore_asan_environment} COMMAND asan_${name})
  endif()
  if(set_cql STREQUAL "on") # the same program, on the cluster
    lgstore_test(cql.${name} LABELS ${set_labels} cql TIMEOUT 300 CLUSTER plain
      ENVIRONMENT "LGSTORE_TEST_KEYSPACE=c_${name}" COMMAND c_${name})
  endif()
endforeach()

# The examples, each as a newcomer runs it and once more with the sanitizers.
file(GLOB lgstore_examples CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/c/*.c")
foreach(source IN LISTS lgstore_examples)
  cmake_path(GET source STEM name)
  set(arguments "")
  set(asan_arguments "")
  if(name STREQUAL "memories")
    set(arguments "${PROJECT_SOURCE_DIR}/examples/data" "${lgstore_work}/memories.db")
    set(asan_arguments "${PROJECT_SOURCE_DIR}/examples/data" "${lgstore_work}/memories-asan.db")
  elseif(name STREQUAL "quickstart")
    set(arguments "{\"backend\":\"embedded\",\"path\":\"${lgstore_work}/quickstart.db\"}")
    set(asan_arguments "{\"backend\":\"embedded\"}")
  endif()
  lgstore_test(example.${name} LABELS ci example TIMEOUT 300 COMMAND example_${name} ${arguments})
  lgstore_program(asan_example_${name} "${source}")
  lgstore_sanitized(asan_example_${name})
  lgstore_test(asan.example.${name} LABELS ci asan TIMEOUT 600 ENVIRONMENT ${lgstore_asan_environment}
    COMMAND asan_example_${name} ${asan_arguments})
endforeach()
# Those that take a configuration, on the cluster.
foreach(name IN ITEMS quickstart queue)
  lgstore_test(cql.example.${name} LABELS ci cql example TIMEOUT 120 CLUSTER plain
    COMMAND "${LGSTORE_BASH}" -c "exec \"$0\" \"cql://$LGSTORE_TEST_CONTACT_POINTS/example_${name}?request_timeout=30\""
      "$<TARGET_FILE:example_${name}>")
endforeach()

# The headers, included twice, in each language and standard that they promise.
set(lgstore_header_flags -pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Werror
  -fsyntax-only -I "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/tests/abi/headers.c")
foreach(standard IN ITEMS c99 c11)
  lgstore_test(header.${standard} LABELS ci abi TIMEOUT 60
    COMMAND "${CMAKE_C_COMPILER}" -std=${standard} ${lgstore_header_flags})
endforeach()
lgstore_test(header.c++17 LABELS ci abi TIMEOUT 60
  COMMAND "${CMAKE_CXX_COMPILER}" -std=c++17 -x c++ ${lgstore_header_flags})

# Frozen ABI: for each number the client of its header still runs, and abidiff finds nothing removed.
file(GLOB lgstore_frozen CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/abi/frozen/*/lgstore.h")
foreach(header IN LISTS lgstore_frozen)
  cmake_path(GET header PARENT_PATH folder)
  cmake_path(GET folder FILENAME number)
  add_executable(frozen_${number} "${folder}/client.c")
  target_compile_options(frozen_${number} PRIVATE ${lgstore_warnings} -g "-I${folder}")
  target_link_libraries(frozen_${number} PRIVATE "$<TARGET_FILE:lgstore_shared>" Threads::Threads)
  target_link_options(frozen_${number} PRIVATE "LINKER:-rpath,$<TARGET_FILE_DIR:lgstore_shared>")
  add_dependencies(frozen_${number} lgstore_shared)
  lgstore_test(abi.client.${number} LABELS ci abi TIMEOUT 120 COMMAND frozen_${number})
  lgstore_test(abi.diff.${number} LABELS ci abi TIMEOUT 300 ENVIRONMENT "ABIDIFF=${LGSTORE_ABIDIFF}"
    COMMAND "${LGSTORE_BASH}" tests/abi/abidiff.sh "${folder}")
endforeach()

# Packages: install, move, and build clients in the ways that people do.
foreach(way IN ITEMS find_package fetch_content pkg_config two_rust_libraries)
  lgstore_test(package.${way} LABELS ci package TIMEOUT 900 LOCK cargo
    ENVIRONMENT "CMAKE=${CMAKE_COMMAND}" "LGSTORE_PKG_CONFIG=${LGSTORE_PKG_CONFIG}" "NM=${CMAKE_NM}"
      "LGSTORE_PROFILE=${LGSTORE_PROFILE}" "LGSTORE_STATIC_LIBRARY=$<TARGET_FILE:lgstore_static>"
    COMMAND "${LGSTORE_BASH}" tests/package/${way}.sh)
endforeach()

lgstore_test(format.c LABELS ci lint TIMEOUT 60 ENVIRONMENT "CLANG_FORMAT=${LGSTORE_CLANG_FORMAT}"
  COMMAND "${LGSTORE_BASH}" tests/package/format.sh)
lgstore_test(mutants.apply LABELS ci lint TIMEOUT 60
  COMMAND "${LGSTORE_BASH}" tests/tools/mutants.sh --check)
lgstore_test(docs.readme LABELS ci lint TIMEOUT 60
  COMMAND "${LGSTORE_BASH}" tests/package/readme.sh)
lgstore_test(docs.pages LABELS ci lint TIMEOUT 60
  COMMAND "${LGSTORE_BASH}" tests/package/docs.sh)

# Tools: every tests/tools/*.sh is one test. Its line `# ctest: labels=a;b timeout=600` says where it
# belongs; the label of its own name makes `cmake --workflow --preset <name>` run it.
file(GLOB lgstore_tools CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/tools/*.sh")
foreach(script IN LISTS lgstore_tools)
  cmake_path(GET script STEM name)
  lgstore_settings("${script}" set)
  if(NOT set_labels OR NOT set_timeout)
    message(FATAL_ERROR "${script}: the line `# ctest: labels=... timeout=...` is missing")
  endif()
  if(set_cluster)
    set(set_cluster CLUSTER ${set_cluster})
  endif()
  lgstore_test(tool.${name} LABELS ${set_labels} TIMEOUT ${set_timeout} LOCK cargo ${set_cluster}
    ENVIRONMENT "GO=${LGSTORE_GO}" COMMAND "${LGSTORE_BASH}" "${script}")
  if(set_serial STREQUAL "on") # nothing else runs meanwhile
    set_tests_properties(tool.${name} PROPERTIES RUN_SERIAL ON)
  endif()
endforeach()

# The load of tests/failover, which tools above drive; by itself, on a store that loses nothing, here. Its input is
# one phase and the end.
file(GLOB lgstore_failover CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/failover/*.c")
lgstore_program(failover_load "${PROJECT_SOURCE_DIR}/tests/failover/load.c")
list(REMOVE_ITEM lgstore_failover "${PROJECT_SOURCE_DIR}/tests/failover/load.c")
target_sources(failover_load PRIVATE ${lgstore_failover})
target_link_libraries(failover_load PRIVATE c_support)
lgstore_test(failover.embedded LABELS ci c TIMEOUT 120
  COMMAND "${LGSTORE_BASH}" tests/failover/embedded.sh $<TARGET_FILE:failover_load>)
lgstore_test(failover.checker LABELS ci TIMEOUT 300
  COMMAND "${CMAKE_COMMAND}" -E chdir "${PROJECT_SOURCE_DIR}/tests/failover/linearizable" "${LGSTORE_GO}" test ./...)

include(cmake/Go.cmake)
include(cmake/Python.cmake)
include(cmake/Node.cmake)
include(cmake/Roundtrip.cmake)
