# The Node binding (bindings/node): the addon, its JavaScript, tests, packages. All is built in a folder of the build
# tree, where npm puts what package-lock.json names; the source tree stays as it is.
find_program(LGSTORE_NODE node)
find_program(LGSTORE_NPM npm)
foreach(tool IN ITEMS LGSTORE_NODE LGSTORE_NPM)
  if(NOT ${tool})
    message(FATAL_ERROR "node or npm is missing: install Node.js 20.19 or newer (https://nodejs.org)")
  endif()
endforeach()
execute_process(COMMAND "${LGSTORE_NODE}" -p process.versions.node OUTPUT_VARIABLE lgstore_node_version
  OUTPUT_STRIP_TRAILING_WHITESPACE)
if(lgstore_node_version VERSION_LESS 20.19)
  message(FATAL_ERROR "node is ${lgstore_node_version}: install Node.js 20.19 or newer (https://nodejs.org)")
endif()

set(lgstore_node_source "${PROJECT_SOURCE_DIR}/bindings/node")
set(lgstore_node_dir "${CMAKE_CURRENT_BINARY_DIR}/node")
set(lgstore_npm "${CMAKE_COMMAND}" -E chdir "${lgstore_node_dir}" "${LGSTORE_NPM}")
file(MAKE_DIRECTORY "${lgstore_node_dir}")

# What npm installs: nothing of it is run then.
set(lgstore_node_modules "${CMAKE_CURRENT_BINARY_DIR}/node.modules")
add_custom_command(OUTPUT "${lgstore_node_modules}"
  COMMAND "${CMAKE_COMMAND}" -E copy "${lgstore_node_source}/package.json" "${lgstore_node_source}/package-lock.json"
    "${lgstore_node_source}/.npmrc" "${lgstore_node_dir}"
  COMMAND ${lgstore_npm} ci --ignore-scripts --no-audit --no-fund --loglevel=error
  COMMAND "${CMAKE_COMMAND}" -E touch "${lgstore_node_modules}"
  DEPENDS "${lgstore_node_source}/package.json" "${lgstore_node_source}/package-lock.json"
  COMMENT "npm installs what the Node binding is built and tested with"
  VERBATIM)
add_custom_target(lgstore_node_npm DEPENDS "${lgstore_node_modules}")

# The addon: the whole core inside, so that nothing has to be found where it runs.
add_library(lgstore_node MODULE
  "${lgstore_node_source}/native/addon.cpp" "${lgstore_node_source}/native/environment.cpp")
add_dependencies(lgstore_node lgstore_node_npm)
set(lgstore_node_exports "${lgstore_node_source}/native/exports.map")
set_target_properties(lgstore_node PROPERTIES
  PREFIX "" OUTPUT_NAME lgstore SUFFIX .node
  LIBRARY_OUTPUT_DIRECTORY "${lgstore_node_dir}/addon"
  CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
  LINK_DEPENDS "${lgstore_node_exports}")
target_include_directories(lgstore_node SYSTEM PRIVATE "${lgstore_node_dir}/node_modules/node-api-headers/include")
target_compile_definitions(lgstore_node PRIVATE NAPI_VERSION=8)
target_compile_options(lgstore_node PRIVATE ${lgstore_warnings} -fno-exceptions -fno-rtti)
target_link_libraries(lgstore_node PRIVATE lgstore::static)
# nodelete: threads of the library may still run its code when the last worker that loaded the addon has ended.
target_link_options(lgstore_node PRIVATE "LINKER:--version-script=${lgstore_node_exports}" "LINKER:--gc-sections"
  "LINKER:-z,nodelete" "LINKER:-z,relro" "LINKER:-z,now")
add_custom_command(TARGET lgstore_node POST_BUILD
  COMMAND "${CMAKE_STRIP}" --strip-unneeded "$<TARGET_FILE:lgstore_node>" VERBATIM)

# The JavaScript: sources are copied, as the tests of a package have to lie in it. What the benchmark's peers were
# installed as stays.
file(GLOB_RECURSE lgstore_node_files CONFIGURE_DEPENDS
  "${lgstore_node_source}/src/*" "${lgstore_node_source}/tests/*" "${lgstore_node_source}/tools/*"
  "${lgstore_node_source}/bench/*"
  "${PROJECT_SOURCE_DIR}/examples/node/*")
set(lgstore_node_built "${CMAKE_CURRENT_BINARY_DIR}/node.built")
add_custom_command(OUTPUT "${lgstore_node_built}"
  COMMAND "${CMAKE_COMMAND}" -E chdir "${lgstore_node_dir}" "${CMAKE_COMMAND}" -E rm -rf dist src tests tools examples
  COMMAND "${CMAKE_COMMAND}" -E copy "${lgstore_node_source}/tsconfig.json" "${lgstore_node_source}/README.md"
    "${lgstore_node_dir}"
  COMMAND "${CMAKE_COMMAND}" -E copy_directory "${lgstore_node_source}/src" "${lgstore_node_dir}/src"
  COMMAND "${CMAKE_COMMAND}" -E copy_directory "${lgstore_node_source}/tests" "${lgstore_node_dir}/tests"
  COMMAND "${CMAKE_COMMAND}" -E copy_directory "${lgstore_node_source}/tools" "${lgstore_node_dir}/tools"
  COMMAND "${CMAKE_COMMAND}" -E copy_directory "${lgstore_node_source}/bench" "${lgstore_node_dir}/bench"
  COMMAND "${CMAKE_COMMAND}" -E copy_directory "${PROJECT_SOURCE_DIR}/examples/node" "${lgstore_node_dir}/examples"
  COMMAND "${CMAKE_COMMAND}" -E env "LGSTORE_SOURCE_DIR=${PROJECT_SOURCE_DIR}" ${lgstore_npm} run --silent build
  COMMAND "${CMAKE_COMMAND}" -E touch "${lgstore_node_built}"
  DEPENDS ${lgstore_node_files} "${lgstore_node_source}/tsconfig.json" "${lgstore_node_source}/README.md"
    "${PROJECT_SOURCE_DIR}/docs/config.schema.json" "${lgstore_node_modules}"
  COMMENT "tsc compiles the Node binding"
  VERBATIM)
add_custom_target(lgstore_node_js ALL DEPENDS "${lgstore_node_built}")
add_dependencies(lgstore_node_js lgstore_node_npm)

# lgstore_node_test(<name> LABELS ... TIMEOUT <seconds> [CLUSTER ...] [ENVIRONMENT ...] COMMAND <arguments of node>...)
function(lgstore_node_test name)
  cmake_parse_arguments(PARSE_ARGV 1 node "" "TIMEOUT;CLUSTER" "LABELS;COMMAND;ENVIRONMENT")
  if(node_CLUSTER)
    set(node_CLUSTER CLUSTER ${node_CLUSTER})
  endif()
  lgstore_test(${name} LABELS ${node_LABELS} node TIMEOUT ${node_TIMEOUT} ${node_CLUSTER}
    ENVIRONMENT "LGSTORE_LIBRARY_NODE=$<TARGET_FILE:lgstore_node>" ${node_ENVIRONMENT}
    COMMAND "${CMAKE_COMMAND}" -E chdir "${lgstore_node_dir}" "${LGSTORE_NODE}" ${node_COMMAND})
endfunction()

lgstore_node_test(node.test LABELS ci TIMEOUT 900 ENVIRONMENT "LGSTORE_OPERATIONS=1000000" COMMAND --test)
lgstore_test(node.lint LABELS ci lint node TIMEOUT 60
  COMMAND "${CMAKE_COMMAND}" -E chdir "${lgstore_node_source}"
    "${lgstore_node_dir}/node_modules/.bin/biome" ci --error-on-warnings --config-path=. .
    "${PROJECT_SOURCE_DIR}/examples/node" "${PROJECT_SOURCE_DIR}/tests/package/node")
lgstore_node_test(cql.node.vectors LABELS ci cql TIMEOUT 300 CLUSTER plain
  ENVIRONMENT "LGSTORE_TEST_KEYSPACE=node_vectors" COMMAND --test tests/vectors.test.js tests/cluster.test.js)
lgstore_node_test(node.flat_memory LABELS soak TIMEOUT 14400 ENVIRONMENT "LGSTORE_OPERATIONS=10000000"
  COMMAND --test tests/flat.test.js)
lgstore_test(package.node LABELS ci package node TIMEOUT 300
  ENVIRONMENT "NODE=${LGSTORE_NODE}" "NPM=${LGSTORE_NPM}" "LGSTORE_NODE_DIR=${lgstore_node_dir}"
    "LGSTORE_NODE_ADDON=$<TARGET_FILE:lgstore_node>"
  COMMAND "${LGSTORE_BASH}" tests/package/node.sh)

# What the binding costs beyond the C interface.
add_executable(node_bench_gets "${lgstore_node_source}/bench/gets.c")
set_target_properties(node_bench_gets PROPERTIES C_STANDARD 11
  RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests")
target_compile_options(node_bench_gets PRIVATE ${lgstore_warnings} -O2)
target_link_libraries(node_bench_gets PRIVATE lgstore::static)
lgstore_node_test(node.bench LABELS bench TIMEOUT 600 COMMAND bench/gets.js $<TARGET_FILE:node_bench_gets> --check)
set_tests_properties(node.bench PROPERTIES RUN_SERIAL ON)
