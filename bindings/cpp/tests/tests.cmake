# Tests of the C++ binding: every tests/*_test.cpp is a part of cpp.unit, every examples/*.cpp is
# cpp.example.<name>. Compiling is what takes time here, so each is built once, most with the sanitizers.
lgstore_test_header(LGSTORE_GTEST gtest/gtest.h libgtest-dev)
lgstore_test_header(LGSTORE_NLOHMANN nlohmann/json.hpp nlohmann-json3-dev)
find_package(GTest REQUIRED)

set(lgstore_cpp_warnings -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wnull-dereference -Werror)

# lgstore_cpp_program(<target> <standard> <source>...)
function(lgstore_cpp_program target standard)
  add_executable(${target} ${ARGN})
  set_target_properties(${target} PROPERTIES CXX_STANDARD ${standard} CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/cpp")
  target_compile_options(${target} PRIVATE ${lgstore_cpp_warnings})
  target_link_libraries(${target} PRIVATE lgstore::cxx Threads::Threads)
endfunction()
# lgstore_cpp_checked(<target>): with the sanitizers, but for checks of every access that double the time of
# compiling and that AddressSanitizer makes as well.
function(lgstore_cpp_checked target)
  lgstore_sanitized(${target})
  target_compile_options(${target} PRIVATE -O0 -fno-sanitize=null,alignment,vptr)
endfunction()

file(GLOB lgstore_cpp_tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/tests/*_test.cpp")
lgstore_cpp_program(cpp_unit 23 ${lgstore_cpp_tests})
lgstore_cpp_checked(cpp_unit)
target_link_libraries(cpp_unit PRIVATE GTest::gtest GTest::gtest_main)
target_precompile_headers(cpp_unit PRIVATE <gtest/gtest.h> <lgstore.hpp>)
lgstore_test(cpp.unit LABELS ci cpp asan TIMEOUT 240 ENVIRONMENT ${lgstore_asan_environment} COMMAND cpp_unit)

# Programs of their own: the vectors (also on the cluster), the end of processes, memory.
file(GLOB lgstore_cpp_vectors CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/tests/vectors/*.cpp")
lgstore_cpp_program(cpp_vectors 20 tests/vectors.cpp ${lgstore_cpp_vectors})
target_compile_options(cpp_vectors PRIVATE -O0)
target_link_libraries(cpp_vectors PRIVATE c_support)
lgstore_test(cpp.vectors LABELS ci cpp TIMEOUT 240 COMMAND cpp_vectors)
lgstore_test(cql.cpp.vectors LABELS ci cql cpp TIMEOUT 300 CLUSTER plain
  ENVIRONMENT "LGSTORE_TEST_KEYSPACE=cpp_vectors" COMMAND cpp_vectors)
lgstore_cpp_program(cpp_exit 20 tests/exit.cpp)
lgstore_cpp_checked(cpp_exit)
lgstore_test(cpp.exit LABELS ci cpp TIMEOUT 60 ENVIRONMENT ${lgstore_asan_environment} COMMAND cpp_exit)
lgstore_cpp_program(cpp_flat_memory 20 tests/flat_memory.cpp)
set(lgstore_keep_nothing
  GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mxfast=0)
lgstore_test(cpp.flat_memory LABELS ci cpp TIMEOUT 240 ENVIRONMENT ${lgstore_keep_nothing} COMMAND cpp_flat_memory)
lgstore_test(cpp.soak LABELS soak TIMEOUT 7200
  ENVIRONMENT ${lgstore_keep_nothing} LGSTORE_OPERATIONS=10000000 COMMAND cpp_flat_memory)
# For cmake/Roundtrip.cmake.
foreach(name IN ITEMS roundtrip counters)
  lgstore_cpp_program(cpp_${name} 17 tests/${name}.cpp)
  target_compile_options(cpp_${name} PRIVATE -O0)
endforeach()
lgstore_cpp_program(cpp_bench 17 bench/bench.cpp)
target_compile_options(cpp_bench PRIVATE -O2)
lgstore_test(cpp.bench LABELS bench TIMEOUT 600 COMMAND cpp_bench --check)
set_tests_properties(cpp.bench cpp.soak PROPERTIES RUN_SERIAL ON)

# The examples, with the sanitizers.
file(GLOB lgstore_cpp_examples CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/examples/*.cpp")
foreach(source IN LISTS lgstore_cpp_examples)
  cmake_path(GET source STEM name)
  lgstore_cpp_program(cpp_example_${name} 20 "${source}")
  lgstore_cpp_checked(cpp_example_${name})
  lgstore_test(cpp.example.${name} LABELS ci cpp example TIMEOUT 60 ENVIRONMENT ${lgstore_asan_environment}
    COMMAND cpp_example_${name} "file:${lgstore_work}/cpp_${name}.db")
endforeach()
lgstore_test(cpp.readme LABELS ci cpp lint TIMEOUT 60
  COMMAND "${LGSTORE_BASH}" bindings/cpp/tests/readme.sh)

# The headers by themselves, in each standard, by each compiler that is there.
find_program(LGSTORE_CLANGXX NAMES clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14)
set(lgstore_cpp_compilers "${CMAKE_CXX_COMPILER}")
if(LGSTORE_CLANGXX)
  list(APPEND lgstore_cpp_compilers "${LGSTORE_CLANGXX}")
endif()
foreach(standard IN ITEMS 17 20 23)
  lgstore_test(cpp.headers.c++${standard} LABELS ci cpp lint TIMEOUT 120
    COMMAND "${LGSTORE_BASH}" bindings/cpp/tests/headers.sh ${standard} ${lgstore_cpp_compilers})
endforeach()
lgstore_test(cpp.headers.alone LABELS ci cpp lint TIMEOUT 120
  COMMAND "${LGSTORE_BASH}" bindings/cpp/tests/headers.sh alone "${CMAKE_CXX_COMPILER}")

lgstore_test(cpp.package LABELS ci cpp package TIMEOUT 300
  ENVIRONMENT "CMAKE=${CMAKE_COMMAND}" "LGSTORE_PKG_CONFIG=${LGSTORE_PKG_CONFIG}"
  COMMAND "${LGSTORE_BASH}" bindings/cpp/tests/package/cpp_package.sh)
