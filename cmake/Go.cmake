# The Go binding (bindings/go): tests, examples, vectors. They link the library of this build.
set(lgstore_go_dir "${PROJECT_SOURCE_DIR}/bindings/go")
execute_process(COMMAND "${LGSTORE_GO}" env GOVERSION OUTPUT_VARIABLE lgstore_go_version
  OUTPUT_STRIP_TRAILING_WHITESPACE WORKING_DIRECTORY "${lgstore_go_dir}")
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
  lgstore_test(${name} LABELS ${go_LABELS} go TIMEOUT ${go_TIMEOUT} ${go_CLUSTER}
    ENVIRONMENT ${lgstore_go_environment} ${go_ENVIRONMENT}
    COMMAND "${CMAKE_COMMAND}" -E chdir "${lgstore_go_dir}" "${LGSTORE_GO}" ${go_COMMAND})
endfunction()

lgstore_go_test(go.test LABELS ci TIMEOUT 300 COMMAND test -vet=all ./...)
