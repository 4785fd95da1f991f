# The CMake package: what find_package(fathom) finds after installation, and, where fathom is part of a bigger build by
# add_subdirectory, in that build. Each component is an export set and a targets file of its own, so that a consumer of
# one component needs none of the libraries that another component uses.
include(CMakePackageConfigHelpers)

get_property(FATHOM_COMPONENTS GLOBAL PROPERTY FATHOM_COMPONENTS)
set(FATHOM_NEEDS "")
foreach(component IN LISTS FATHOM_COMPONENTS)
  get_property(needs GLOBAL PROPERTY FATHOM_NEEDS_${component})
  get_property(packages GLOBAL PROPERTY FATHOM_PACKAGES_${component})
  string(APPEND FATHOM_NEEDS "set(_fathom_needs_${component} ${needs})\n")
  string(APPEND FATHOM_NEEDS "set(_fathom_packages_${component} ${packages})\n")
endforeach()

set(fathom_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/fathom")
set(fathom_config_dir "${PROJECT_BINARY_DIR}/package")
if(NOT PROJECT_IS_TOP_LEVEL)
  # find_package looks here first. The components are targets already, so the file only checks what is asked for.
  set(fathom_config_dir "${CMAKE_FIND_PACKAGE_REDIRECTS_DIR}")
endif()
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/fathom-config.cmake.in" "${fathom_config_dir}/fathom-config.cmake"
  INSTALL_DESTINATION "${fathom_package_dir}" NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${fathom_config_dir}/fathom-config-version.cmake" COMPATIBILITY SameMinorVersion)

if(FATHOM_INSTALL)
  foreach(component IN LISTS FATHOM_COMPONENTS)
    get_target_property(header_sets fathom_${component} INTERFACE_HEADER_SETS)
    set(headers "")
    if(header_sets)
      set(headers FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    endif()
    install(TARGETS fathom_${component} EXPORT fathom-${component}
      ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
      ${headers})
    install(EXPORT fathom-${component} NAMESPACE fathom:: DESTINATION "${fathom_package_dir}"
      FILE fathom-${component}-targets.cmake)
  endforeach()
  install(FILES "${fathom_config_dir}/fathom-config.cmake" "${fathom_config_dir}/fathom-config-version.cmake"
    DESTINATION "${fathom_package_dir}")
  if(FATHOM_OUTPUT)
    install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindZstd.cmake" DESTINATION "${fathom_package_dir}")
  endif()
  if(FATHOM_ELF)
    install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindElfutils.cmake" DESTINATION "${fathom_package_dir}")
  endif()
  if(FATHOM_BPF)
    install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindLibBpf.cmake" "${PROJECT_SOURCE_DIR}/cmake/FathomBpf.cmake"
      DESTINATION "${fathom_package_dir}")
    install(FILES "${PROJECT_SOURCE_DIR}/bpf/fathom.bpf.h" "${PROJECT_SOURCE_DIR}/bpf/kernel_types.bpf.h"
      "${PROJECT_SOURCE_DIR}/bpf/network.bpf.h" "${PROJECT_SOURCE_DIR}/bpf/timer.bpf.h"
      DESTINATION "${fathom_package_dir}/bpf")
    install(TARGETS fathom_bpf_header EXPORT fathom-bpf RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
endif()
