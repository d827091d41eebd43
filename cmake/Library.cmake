# The library: Cargo makes one archive of all Rust code; our own link step makes of it
#   lgstore::lgstore (= lgstore::shared)  liblgstore.so.1, only the names of abi/lgstore.map, versioned
#   lgstore::static                       liblgstore.a, one object in which all other names are local,
#                                         so that another Rust library can be linked beside it

if(LGSTORE_PROFILE STREQUAL "dev")
  set(lgstore_profile_dir "debug")
else()
  set(lgstore_profile_dir "${LGSTORE_PROFILE}")
endif()
set(lgstore_archive "${LGSTORE_CARGO_DIR}/${lgstore_profile_dir}/liblgstore.a")

# Cargo knows when there is nothing to do, so it is always asked. Full debug information of our own
# crate is what abidiff reads; it goes into a file of its own below.
add_custom_target(lgstore_cargo
  COMMAND "${CMAKE_COMMAND}" -E env "CARGO_TARGET_DIR=${LGSTORE_CARGO_DIR}"
    "${LGSTORE_CARGO}" rustc --locked --package lgstore --lib --crate-type staticlib
    --profile "${LGSTORE_PROFILE}" --config "profile.${LGSTORE_PROFILE}.package.lgstore.debug=2"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  BYPRODUCTS "${lgstore_archive}"
  COMMENT "Cargo builds the core (profile ${LGSTORE_PROFILE})"
  USES_TERMINAL VERBATIM)

# What rustc --print native-static-libs names, less what the C compiler adds by itself.
set(lgstore_system_libraries gcc_s util rt pthread m dl)

add_library(lgstore_shared SHARED "${PROJECT_SOURCE_DIR}/abi/anchor.c")
add_library(lgstore::lgstore ALIAS lgstore_shared)
add_library(lgstore::shared ALIAS lgstore_shared)
add_dependencies(lgstore_shared lgstore_cargo)
set(lgstore_map "${PROJECT_SOURCE_DIR}/abi/lgstore.map")
set_target_properties(lgstore_shared PROPERTIES
  OUTPUT_NAME lgstore
  EXPORT_NAME lgstore
  VERSION "${PROJECT_VERSION}"
  SOVERSION "${LGSTORE_ABI_VERSION}"
  C_STANDARD 11
  LINK_DEPENDS "${lgstore_archive};${lgstore_map}")
target_link_libraries(lgstore_shared PRIVATE
  "$<LINK_LIBRARY:WHOLE_ARCHIVE,${lgstore_archive}>" ${lgstore_system_libraries})
# nodelete: threads of the runtime may still run library code when a host calls dlclose.
target_link_options(lgstore_shared PRIVATE
  "LINKER:--version-script=${lgstore_map}" "LINKER:--gc-sections"
  "LINKER:-z,nodelete" "LINKER:-z,defs" "LINKER:-z,relro" "LINKER:-z,now")
add_custom_command(TARGET lgstore_shared POST_BUILD
  COMMAND "${CMAKE_OBJCOPY}" --only-keep-debug
    "$<TARGET_FILE:lgstore_shared>" "$<TARGET_FILE:lgstore_shared>.debug"
  COMMAND "${CMAKE_OBJCOPY}" --strip-debug
    "--add-gnu-debuglink=$<TARGET_FILE:lgstore_shared>.debug" "$<TARGET_FILE:lgstore_shared>"
  BYPRODUCTS "${CMAKE_CURRENT_BINARY_DIR}/liblgstore.so.${PROJECT_VERSION}.debug"
  VERBATIM)

# DW.ref.* (the personality routine's reference) must stay global, or position-independent programs do
# not link; .llvmbc and .llvmcmd are bitcode of the standard library, which upsets linker plugins.
set(lgstore_object "${CMAKE_CURRENT_BINARY_DIR}/lgstore.o")
add_custom_command(OUTPUT "${lgstore_object}"
  COMMAND "${CMAKE_LINKER}" -r --whole-archive "${lgstore_archive}" -o "${lgstore_object}.all"
  COMMAND "${CMAKE_OBJCOPY}" --wildcard "--keep-global-symbol=lgstore_*" "--keep-global-symbol=DW.ref.*"
    --remove-section=.llvmbc --remove-section=.llvmcmd --strip-debug
    "${lgstore_object}.all" "${lgstore_object}"
  COMMAND "${CMAKE_COMMAND}" -E rm "${lgstore_object}.all"
  DEPENDS "${lgstore_archive}" lgstore_cargo
  COMMENT "Making all names but lgstore_* local"
  VERBATIM)
add_library(lgstore_static STATIC "${PROJECT_SOURCE_DIR}/abi/anchor.c" "${lgstore_object}")
add_library(lgstore::static ALIAS lgstore_static)
set_source_files_properties("${lgstore_object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
set_target_properties(lgstore_static PROPERTIES
  OUTPUT_NAME lgstore
  EXPORT_NAME static
  C_STANDARD 11
  POSITION_INDEPENDENT_CODE ON)
target_link_libraries(lgstore_static INTERFACE ${lgstore_system_libraries})

foreach(target IN ITEMS lgstore_shared lgstore_static)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
endforeach()
