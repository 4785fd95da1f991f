# The components that need a library which not everybody has. Each has a setting FATHOM_WITH_NAME, and FATHOM_NAME says
# whether it is built.

# fathom_optional_component(NAME PACKAGE ABOUT DEBIAN): ABOUT is what the component is, for the setting's description;
# DEBIAN are the Debian packages that bring PACKAGE.
macro(fathom_optional_component name package about debian)
  string(TOUPPER ${name} _fathom_name)
  set(FATHOM_WITH_${_fathom_name} AUTO CACHE STRING
    "The component ${name} (${about}), which needs ${package}: ON, OFF, or AUTO for where that is installed")
  set_property(CACHE FATHOM_WITH_${_fathom_name} PROPERTY STRINGS AUTO ON OFF)
  set(FATHOM_${_fathom_name} FALSE)
  if(FATHOM_WITH_${_fathom_name} STREQUAL "AUTO")
    find_package(${package} QUIET)
    set(FATHOM_${_fathom_name} ${${package}_FOUND})
    if(NOT ${package}_FOUND)
      message(STATUS "The component ${name} is left out: ${package} was not found (on Debian: ${debian})")
    endif()
  elseif(FATHOM_WITH_${_fathom_name})
    find_package(${package} REQUIRED)
    set(FATHOM_${_fathom_name} TRUE)
  endif()
endmacro()

fathom_optional_component(output Zstd "compressed trace.dat" "libzstd-dev")
fathom_optional_component(elf Elfutils "ELF symbols and DWARF" "libdw-dev libelf-dev")
fathom_optional_component(bpf LibBpf "eBPF programs and maps" "libbpf-dev")
fathom_optional_component(asio Boost "Boost.Asio adapters" "libboost-dev")
