# The Go binding (bindings/go): tests, vectors, examples, packages. They link the library of this build.
set(lgstore_go_dir "${PROJECT_SOURCE_DIR}/bindings/go")
execute_process(COMMAND "${LGSTORE_GO}" env GOVERSION OUTPUT_VARIABLE lgstore_go_version
  OUTPUT_STRIP_TRAILING_WHITESPACE WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
string(REGEX MATCH "[0-9]+\\.[0-9]+" lgstore_go_version "${lgstore_go_version}")
if(lgstore_go_version VERSION_LESS 1.24)
  message(FATAL_ERROR "go is ${lgstore_go_version}: install Go 1.24 or newer (https://go.dev/dl)")
endif()

set(lgstore_go_environment
  "GO=${LGSTORE_GO}"
  "GOFLAGS=-tags=lgstore_nopc"
  "CGO_ENABLED=1"
  "CC=${CMAKE_C_COMPILER}"
  "CGO_CFLAGS=-O2 -g -I${PROJECT_SOURCE_DIR}/include"
  "CGO_LDFLAGS=-L$<TARGET_FILE_DIR:lgstore_shared> -llgstore -Wl,-rpath,$<TARGET_FILE_DIR:lgstore_shared>")

# lgstore_go_test(<name> LABELS ... TIMEOUT <seconds> [CLUSTER ...] [ENVIRONMENT ...] COMMAND <arguments of go>...)
function(lgstore_go_test name)
  cmake_parse_arguments(PARSE_ARGV 1 go "" "TIMEOUT;CLUSTER" "LABELS;COMMAND;ENVIRONMENT")
  if(go_CLUSTER)
    set(go_CLUSTER CLUSTER ${go_CLUSTER})
  endif()
  # One at a time: each keeps all processors busy with compiling.
  lgstore_test(${name} LABELS ${go_LABELS} go TIMEOUT ${go_TIMEOUT} LOCK go ${go_CLUSTER}
    ENVIRONMENT ${lgstore_go_environment} ${go_ENVIRONMENT}
    COMMAND "${CMAKE_COMMAND}" -E chdir "${lgstore_go_dir}" "${LGSTORE_GO}" ${go_COMMAND})
endfunction()

lgstore_go_test(go.test LABELS ci TIMEOUT 300 ENVIRONMENT "LGSTORE_OPERATIONS=500000"
  COMMAND test -count=1 ./...)
# The race detector, and more garbage collections than anybody has.
lgstore_go_test(go.race LABELS ci TIMEOUT 900 ENVIRONMENT "GOGC=5" COMMAND test -count=1 -race . ./examples/...)
# Every pointer to C's memory checked as well; Go's own library has to be compiled for it.
lgstore_go_test(go.cgocheck LABELS deep TIMEOUT 1800 ENVIRONMENT "GOEXPERIMENT=cgocheck2" "GOGC=5"
  COMMAND test -count=1 -race . ./internal/vectors)
lgstore_go_test(go.vet LABELS ci lint TIMEOUT 300 COMMAND vet ./...)
lgstore_go_test(go.staticcheck LABELS ci lint TIMEOUT 900
  COMMAND run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...)
lgstore_go_test(cql.go.vectors LABELS ci cql TIMEOUT 300 CLUSTER plain ENVIRONMENT "LGSTORE_TEST_KEYSPACE=go_vectors"
  COMMAND test -count=1 -run Cluster ./internal/vectors)
lgstore_go_test(go.flat_memory LABELS soak TIMEOUT 14400 ENVIRONMENT "LGSTORE_OPERATIONS=10000000"
  COMMAND test -count=1 -timeout 4h -run FlatMemory .)

lgstore_go_test(go.bench LABELS bench TIMEOUT 3000 CLUSTER plain COMMAND -C bench run . -check)

# Programs of others, in each way of linking.
foreach(way IN ITEMS pkg_config nopc static)
  lgstore_test(package.go_${way} LABELS ci package go TIMEOUT 900 LOCK go
    ENVIRONMENT ${lgstore_go_environment} "CMAKE=${CMAKE_COMMAND}" "LGSTORE_PKG_CONFIG=${LGSTORE_PKG_CONFIG}"
    COMMAND "${LGSTORE_BASH}" tests/package/go.sh ${way})
endforeach()

# What one language writes, every other reads (tests/roundtrip).
add_executable(roundtrip_c "${PROJECT_SOURCE_DIR}/tests/roundtrip/roundtrip.c")
set_target_properties(roundtrip_c PROPERTIES C_STANDARD 11
  RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests")
target_compile_options(roundtrip_c PRIVATE ${lgstore_warnings} -g)
target_link_libraries(roundtrip_c PRIVATE c_support lgstore::lgstore Threads::Threads m)
set(lgstore_roundtrip "c=$<TARGET_FILE:roundtrip_c>" "cpp=$<TARGET_FILE:cpp_roundtrip>"
  "go=${lgstore_work}/roundtrip_go")
lgstore_go_test(roundtrip.build LABELS ci TIMEOUT 300
  COMMAND build -o "${lgstore_work}/roundtrip_go" ./internal/roundtrip)
set_tests_properties(roundtrip.build PROPERTIES FIXTURES_SETUP roundtrip)
