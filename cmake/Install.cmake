# cmake --install: headers, both libraries, a CMake package and pkg-config files. The result may be
# moved: nothing in it holds the prefix.
include(CMakePackageConfigHelpers)

set(lgstore_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lgstore")
set(lgstore_pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(FILES include/lgstore.h include/lgstore_ops.h include/lgstore_body.h include/lgstore_batch.h
  include/lgstore_text.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS lgstore_shared lgstore_static EXPORT lgstoreTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT lgstoreTargets NAMESPACE lgstore:: DESTINATION "${lgstore_cmake_dir}")
install(FILES LICENSE-APACHE LICENSE-MIT DESTINATION "${CMAKE_INSTALL_DOCDIR}")

configure_package_config_file(cmake/lgstoreConfig.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/lgstoreConfig.cmake" INSTALL_DESTINATION "${lgstore_cmake_dir}")
# Before 1.0 a minor version may change what a program sees.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/lgstoreConfigVersion.cmake"
  VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/lgstoreConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/lgstoreConfigVersion.cmake"
  DESTINATION "${lgstore_cmake_dir}")

# pkg-config --static would still take the shared library when both lie in one folder, so the static
# one has a file of its own.
file(RELATIVE_PATH lgstore_pc_up "/prefix/${lgstore_pc_dir}" "/prefix")
string(REGEX REPLACE "/$" "" lgstore_pc_up "${lgstore_pc_up}")
list(TRANSFORM lgstore_system_libraries PREPEND "-l" OUTPUT_VARIABLE lgstore_pc_libraries)
list(JOIN lgstore_pc_libraries " " lgstore_pc_libraries)
foreach(name IN ITEMS lgstore lgstore-static)
  configure_file("cmake/${name}.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" DESTINATION "${lgstore_pc_dir}")
endforeach()
