# How our own targets are compiled: warnings, sanitizers, optimisation. Never part of what we export.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

if(FATHOM_BUILD_FUZZERS AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "FATHOM_BUILD_FUZZERS needs clang, whose libFuzzer they are built on "
    "(this is ${CMAKE_CXX_COMPILER_ID}). Try: cmake --preset fuzz")
endif()

add_library(fathom_build_options INTERFACE)

target_compile_options(fathom_build_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wundef
  $<$<BOOL:${FATHOM_DEVELOPER}>:-Werror>
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wuseless-cast>
  # libstdc++ 12's own std::stable_sort calls what it has deprecated, and clang counts that as ours. GCC still tells.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  # GCC 12 sees an overlap in the inlined `"text" + std::string` where there is none (GCC bug 105651, mended in 13), and
  # strings used uninitialized where an array of aggregates is unwound. Clang and its analyzer look for the latter.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict -Wno-maybe-uninitialized>)

if(FATHOM_SANITIZE)
  target_compile_options(fathom_build_options INTERFACE
    -fsanitize=${FATHOM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(fathom_build_options INTERFACE -fsanitize=${FATHOM_SANITIZE})
endif()
if(FATHOM_BUILD_FUZZERS)
  # The library's own code reports its edges to the fuzzer; only the fuzz targets link libFuzzer and its main().
  target_compile_options(fathom_build_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(fathom_build_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
