# Every examples/c/*.c is one program; `demo` runs the largest of them on real data.
find_package(Threads REQUIRED)
file(GLOB lgstore_examples CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/c/*.c")
foreach(source IN LISTS lgstore_examples)
  cmake_path(GET source STEM name)
  add_executable(example_${name} "${source}")
  set_target_properties(example_${name} PROPERTIES
    OUTPUT_NAME "${name}" RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/examples" C_STANDARD 11)
  target_link_libraries(example_${name} PRIVATE lgstore::lgstore Threads::Threads)
  target_compile_options(example_${name} PRIVATE -Wall -Wextra -Wpedantic)
endforeach()

add_custom_target(demo
  COMMAND example_memories "${PROJECT_SOURCE_DIR}/examples/data" "${CMAKE_CURRENT_BINARY_DIR}/memories.db"
  COMMENT "The demo: a C program remembers"
  USES_TERMINAL VERBATIM)
