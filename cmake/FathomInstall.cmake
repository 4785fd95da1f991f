# Installation and the CMake package. Each component is an export set and a targets file of its own, so that a consumer of
# one component needs none of the libraries that another component uses.
include(CMakePackageConfigHelpers)

set(FATHOM_COMPONENTS core fathom)
set(fathom_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/fathom")

foreach(component IN LISTS FATHOM_COMPONENTS)
  set(file_set_args "")
  get_target_property(type fathom_${component} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    set(file_set_args FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
  install(TARGETS fathom_${component} EXPORT fathom-${component}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ${file_set_args})
  install(EXPORT fathom-${component} NAMESPACE fathom:: DESTINATION "${fathom_package_dir}"
    FILE fathom-${component}-targets.cmake)
endforeach()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/fathom-config.cmake.in" "${PROJECT_BINARY_DIR}/fathom-config.cmake"
  INSTALL_DESTINATION "${fathom_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fathom-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/fathom-config.cmake" "${PROJECT_BINARY_DIR}/fathom-config-version.cmake"
  DESTINATION "${fathom_package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
