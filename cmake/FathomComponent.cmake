include(GNUInstallDirs)

# fathom_add_component(NAME): the static library fathom_NAME, known as fathom::NAME inside the build and after installation.
function(fathom_add_component name)
  add_library(fathom_${name} STATIC)
  add_library(fathom::${name} ALIAS fathom_${name})
  set_target_properties(fathom_${name} PROPERTIES
    EXPORT_NAME ${name}
    OUTPUT_NAME fathom_${name}
    POSITION_INDEPENDENT_CODE ON
    CXX_EXTENSIONS OFF
    VERIFY_INTERFACE_HEADER_SETS ${FATHOM_DEVELOPER})
  target_compile_features(fathom_${name} PUBLIC cxx_std_20)
  # BUILD_INTERFACE: a bare link would make install(EXPORT) ask for our private warning flags.
  target_link_libraries(fathom_${name} PRIVATE $<BUILD_INTERFACE:fathom_build_options>)
endfunction()

# fathom_add_room(COMPONENT ROOM HEADERS a.hpp ... SOURCES a.cpp ...): one room of the house, from include/fathom/ROOM and
# lib/ROOM, as part of a component. Called by lib/ROOM/CMakeLists.txt.
function(fathom_add_room component room)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "HEADERS;SOURCES")
  list(TRANSFORM arg_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/fathom/${room}/")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/lib/${room}/")
  target_sources(fathom_${component}
    PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${arg_HEADERS}
    PRIVATE ${arg_SOURCES})
endfunction()
