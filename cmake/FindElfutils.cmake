# Elfutils: libelf and libdw, as the targets Elfutils::libelf and Elfutils::libdw. elfutils brings no CMake package of its
# own. Installed with fathom, whose component elf is linked against these.
#   Elfutils_FOUND, Elfutils_VERSION
find_path(Elfutils_INCLUDE_DIR elfutils/libdwfl.h)
find_library(Elfutils_libelf_LIBRARY elf)
find_library(Elfutils_libdw_LIBRARY dw)
mark_as_advanced(Elfutils_INCLUDE_DIR Elfutils_libelf_LIBRARY Elfutils_libdw_LIBRARY)

if(EXISTS "${Elfutils_INCLUDE_DIR}/elfutils/version.h")
  # #define _ELFUTILS_VERSION 188
  file(STRINGS "${Elfutils_INCLUDE_DIR}/elfutils/version.h" _elfutils_version REGEX "define _ELFUTILS_VERSION")
  if(_elfutils_version MATCHES "([0-9]+)$")
    set(Elfutils_VERSION "0.${CMAKE_MATCH_1}")
  endif()
  unset(_elfutils_version)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Elfutils
  REQUIRED_VARS Elfutils_libdw_LIBRARY Elfutils_libelf_LIBRARY Elfutils_INCLUDE_DIR
  VERSION_VAR Elfutils_VERSION
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libdw-dev libelf-dev")

if(Elfutils_FOUND)
  foreach(_elfutils_library libelf libdw)
    if(NOT TARGET Elfutils::${_elfutils_library})
      add_library(Elfutils::${_elfutils_library} UNKNOWN IMPORTED)
      set_target_properties(Elfutils::${_elfutils_library} PROPERTIES
        IMPORTED_LOCATION "${Elfutils_${_elfutils_library}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${Elfutils_INCLUDE_DIR}")
    endif()
  endforeach()
  unset(_elfutils_library)
  set_property(TARGET Elfutils::libdw PROPERTY INTERFACE_LINK_LIBRARIES Elfutils::libelf)
endif()
