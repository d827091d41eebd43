# The Python binding (bindings/python): one wheel with the library of this build, its tests, the ways to install it.
execute_process(COMMAND "${LGSTORE_PYTHON}" -c "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
  OUTPUT_VARIABLE lgstore_python_version OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT lgstore_python_version VERSION_GREATER_EQUAL 3.10)
  message(FATAL_ERROR "python3 is missing, older than 3.10 or without venv: apt-get install python3-venv")
endif()

set(lgstore_python_dir "${PROJECT_SOURCE_DIR}/bindings/python")
set(lgstore_python_work "${lgstore_work}/python")
set(lgstore_python "${lgstore_python_work}/venv/bin/python")
# The tests are to meet the library in the wheel, and to leave nothing in the source tree.
set(lgstore_python_environment "PYTHONDONTWRITEBYTECODE=1" "PYTHONPATH=" "LGSTORE_LIBRARY=" "GO=${LGSTORE_GO}"
  "MYPY_CACHE_DIR=${lgstore_python_work}/mypy" "RUFF_CACHE_DIR=${lgstore_python_work}/ruff")

# lgstore_python_test(<name> LABELS ... TIMEOUT <seconds> [CLUSTER ...] [ENVIRONMENT ...] COMMAND <arguments of python>...)
function(lgstore_python_test name)
  cmake_parse_arguments(PARSE_ARGV 1 python "" "TIMEOUT;CLUSTER" "LABELS;COMMAND;ENVIRONMENT")
  if(python_CLUSTER)
    set(python_CLUSTER CLUSTER ${python_CLUSTER})
  endif()
  lgstore_test(${name} LABELS ${python_LABELS} python TIMEOUT ${python_TIMEOUT} ${python_CLUSTER}
    ENVIRONMENT ${lgstore_python_environment} ${python_ENVIRONMENT}
    COMMAND "${CMAKE_COMMAND}" -E chdir "${lgstore_python_dir}" "${lgstore_python}" ${python_COMMAND})
  set_property(TEST ${name} APPEND PROPERTY FIXTURES_REQUIRED python)
endfunction()
# The examples and the driver of cmake/Roundtrip.cmake too, which have no settings of their own.
set(lgstore_ruff --config pyproject.toml . ../../examples ../../tests/roundtrip)
set(lgstore_pytest -m pytest -p no:cacheprovider)

lgstore_test(python.setup LABELS ci python TIMEOUT 600
  COMMAND "${LGSTORE_PYTHON}" "${lgstore_python_dir}/tools/environment.py" "${lgstore_python_work}")
set_tests_properties(python.setup PROPERTIES FIXTURES_SETUP python)

lgstore_python_test(python.test LABELS ci TIMEOUT 600 COMMAND ${lgstore_pytest} tests)
lgstore_python_test(python.flat_memory LABELS ci TIMEOUT 600 ENVIRONMENT "LGSTORE_OPERATIONS=500000"
  COMMAND ${lgstore_pytest} -s tests/test_flat_memory.py tests/langgraph/test_langgraph_flat_memory.py)
lgstore_python_test(python.flat_memory_soak LABELS soak TIMEOUT 14400 ENVIRONMENT "LGSTORE_OPERATIONS=10000000"
  COMMAND ${lgstore_pytest} -s -o faulthandler_timeout=0 tests/test_flat_memory.py
  tests/langgraph/test_langgraph_flat_memory.py)
lgstore_python_test(cql.python.vectors LABELS ci cql TIMEOUT 300 CLUSTER plain
  ENVIRONMENT "LGSTORE_TEST_KEYSPACE=python_vectors" COMMAND ${lgstore_pytest} -s tests/test_vectors.py -k cluster)
lgstore_python_test(cql.python.langgraph LABELS ci cql TIMEOUT 300 CLUSTER plain
  ENVIRONMENT "LGSTORE_TEST_EMBEDDED=memory" COMMAND ${lgstore_pytest} tests/langgraph -k cql)
# LangGraph's oldest and newest versions, each in an environment of its own.
lgstore_test(python.compat LABELS ci python TIMEOUT 600 ENVIRONMENT "LGSTORE_TEST_UV=${lgstore_python_work}/venv/bin/uv"
  COMMAND "${LGSTORE_BASH}" bindings/python/tests/compat.sh)
set_property(TEST python.compat APPEND PROPERTY FIXTURES_REQUIRED python)
lgstore_python_test(cql.python.scylladb LABELS ci cql TIMEOUT 300 CLUSTER plain
  ENVIRONMENT "LGSTORE_TEST_KEYSPACE=python" COMMAND ${lgstore_pytest} tests/scylladb)
lgstore_python_test(python.format LABELS ci lint TIMEOUT 60 COMMAND -m ruff format --check ${lgstore_ruff})
lgstore_python_test(python.lint LABELS ci lint TIMEOUT 60 COMMAND -m ruff check ${lgstore_ruff})
lgstore_python_test(python.types LABELS ci lint TIMEOUT 300 COMMAND -m mypy src tests tools ../../tests/roundtrip)

# What a newcomer does, with every Python of this machine.
lgstore_test(package.python LABELS ci package python TIMEOUT 600
  ENVIRONMENT "LGSTORE_PYTHON=${LGSTORE_PYTHON}" "LGSTORE_LIBRARY=" "PYTHONPATH="
  COMMAND "${LGSTORE_BASH}" tests/package/python.sh "${lgstore_python_work}/dist")
set_property(TEST package.python APPEND PROPERTY FIXTURES_REQUIRED python)

# What cmake/Roundtrip.cmake runs.
foreach(name IN ITEMS roundtrip counters)
  file(WRITE "${lgstore_python_work}/${name}.sh"
    "#!/bin/sh\nunset LGSTORE_LIBRARY PYTHONPATH\nexec '${lgstore_python}' '${lgstore_python_dir}/tests/${name}/${name}.py' \"$@\"\n")
  file(CHMOD "${lgstore_python_work}/${name}.sh"
    PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
