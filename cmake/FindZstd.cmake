# Zstd: libzstd, as the target Zstd::zstd. Not every distribution brings its CMake package. Installed with fathom, whose
# component output is linked against this.
#   Zstd_FOUND, Zstd_VERSION
find_path(Zstd_INCLUDE_DIR zstd.h)
find_library(Zstd_LIBRARY zstd)
mark_as_advanced(Zstd_INCLUDE_DIR Zstd_LIBRARY)

if(EXISTS "${Zstd_INCLUDE_DIR}/zstd.h")
  # #define ZSTD_VERSION_MAJOR    1
  file(STRINGS "${Zstd_INCLUDE_DIR}/zstd.h" _zstd_version REGEX "define ZSTD_VERSION_(MAJOR|MINOR|RELEASE) ")
  list(TRANSFORM _zstd_version REPLACE ".* ([0-9]+)$" "\\1")
  list(JOIN _zstd_version "." Zstd_VERSION)
  unset(_zstd_version)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Zstd
  REQUIRED_VARS Zstd_LIBRARY Zstd_INCLUDE_DIR
  VERSION_VAR Zstd_VERSION
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libzstd-dev")

if(Zstd_FOUND AND NOT TARGET Zstd::zstd)
  add_library(Zstd::zstd UNKNOWN IMPORTED)
  set_target_properties(Zstd::zstd PROPERTIES
    IMPORTED_LOCATION "${Zstd_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Zstd_INCLUDE_DIR}")
endif()
