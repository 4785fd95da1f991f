# LibBpf: libbpf, as the target LibBpf::libbpf. It brings no CMake package of its own. Installed with fathom, whose
# component bpf is linked against this.
#   LibBpf_FOUND, LibBpf_VERSION
find_path(LibBpf_INCLUDE_DIR bpf/libbpf.h)
find_library(LibBpf_LIBRARY bpf)
mark_as_advanced(LibBpf_INCLUDE_DIR LibBpf_LIBRARY)

if(EXISTS "${LibBpf_INCLUDE_DIR}/bpf/libbpf_version.h")
  # #define LIBBPF_MAJOR_VERSION 1
  file(STRINGS "${LibBpf_INCLUDE_DIR}/bpf/libbpf_version.h" _libbpf_version REGEX "define LIBBPF_M(AJ|IN)OR_VERSION")
  list(TRANSFORM _libbpf_version REPLACE ".* ([0-9]+)$" "\\1")
  list(JOIN _libbpf_version "." LibBpf_VERSION)
  unset(_libbpf_version)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibBpf
  REQUIRED_VARS LibBpf_LIBRARY LibBpf_INCLUDE_DIR
  VERSION_VAR LibBpf_VERSION
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libbpf-dev")

if(LibBpf_FOUND AND NOT TARGET LibBpf::libbpf)
  add_library(LibBpf::libbpf UNKNOWN IMPORTED)
  set_target_properties(LibBpf::libbpf PROPERTIES
    IMPORTED_LOCATION "${LibBpf_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LibBpf_INCLUDE_DIR}")
  if(LibBpf_LIBRARY MATCHES "\\.a$")
    set_property(TARGET LibBpf::libbpf PROPERTY INTERFACE_LINK_LIBRARIES elf z)
  endif()
endif()
