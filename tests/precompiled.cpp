// A target needs a source; what tests/CMakeLists.txt precompiles with this one is its purpose.
