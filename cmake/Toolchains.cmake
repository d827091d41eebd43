# Finds the tools that a build needs. What is missing ends the configure step with one line that says
# how to get it; nothing is skipped in silence.

# lgstore_require(<variable> <program> <how to get it> [HINTS ...])
function(lgstore_require variable program how)
  find_program(${variable} ${program} ${ARGN})
  if(NOT ${variable})
    message(FATAL_ERROR "${program} is missing: ${how}")
  endif()
endfunction()

function(lgstore_test_install package)
  find_program(LGSTORE_APT apt-get)
  execute_process(COMMAND id -u OUTPUT_VARIABLE user OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(LGSTORE_APT AND user STREQUAL "0")
    message(STATUS "Installing ${package} for the tests")
    execute_process(COMMAND "${LGSTORE_APT}" update -qq OUTPUT_QUIET)
    execute_process(COMMAND "${CMAKE_COMMAND}" -E env DEBIAN_FRONTEND=noninteractive
      "${LGSTORE_APT}" install -y -qq "${package}" OUTPUT_QUIET)
  endif()
endfunction()

# lgstore_test_tool(<variable> <program> <Debian package>): a tool that only tests use. Where this may
# install packages (root on Debian) it does; elsewhere the one line says what to install.
function(lgstore_test_tool variable program package)
  find_program(${variable} ${program})
  if(NOT ${variable})
    lgstore_test_install("${package}")
  endif()
  lgstore_require(${variable} ${program} "apt-get install ${package}")
endfunction()

# lgstore_test_header(<variable> <header> <Debian package>): the same for a library that only tests use.
function(lgstore_test_header variable header package)
  find_path(${variable} ${header})
  if(NOT ${variable})
    lgstore_test_install("${package}")
    find_path(${variable} ${header})
  endif()
  if(NOT ${variable})
    message(FATAL_ERROR "${header} is missing: apt-get install ${package}")
  endif()
endfunction()

set(lgstore_rust_how "install Rust ${lgstore_rust_version} or newer with rustup (https://rustup.rs)")
lgstore_require(LGSTORE_CARGO cargo "${lgstore_rust_how}"
  HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
lgstore_require(LGSTORE_RUSTC rustc "${lgstore_rust_how}"
  HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")

# Asked in the source folder, where a rust-toolchain file or an override would apply.
execute_process(COMMAND "${LGSTORE_RUSTC}" --version
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  OUTPUT_VARIABLE lgstore_rustc_text ERROR_VARIABLE lgstore_rustc_text RESULT_VARIABLE lgstore_rustc_result)
if(NOT lgstore_rustc_result EQUAL 0 OR NOT lgstore_rustc_text MATCHES "rustc ([0-9.]+)")
  message(FATAL_ERROR "rustc does not run (${lgstore_rustc_text}): ${lgstore_rust_how}")
elseif(CMAKE_MATCH_1 VERSION_LESS lgstore_rust_version)
  message(FATAL_ERROR "rustc is ${CMAKE_MATCH_1}: ${lgstore_rust_how} (rustup update stable)")
endif()

if(NOT CMAKE_OBJCOPY)
  message(FATAL_ERROR "objcopy is missing: install binutils (apt-get install binutils)")
endif()
