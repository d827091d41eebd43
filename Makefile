# The same two commands by their short names; CMake does the work.
.PHONY: demo test
demo:
	cmake --workflow --preset demo
test:
	cmake --workflow --preset test
