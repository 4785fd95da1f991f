include(GNUInstallDirs)

# fathom_add_component(NAME [INTERFACE] [NEEDS component...] [PACKAGES package...] [LIBRARIES target...]): the library
# fathom_NAME, known as fathom::NAME inside the build and after installation; static, or INTERFACE where it only gathers
# others or is all headers. NEEDS are components of ours, which whoever asks for this one gets as well. LIBRARIES are what
# it uses of others: our sources, and our headers do not show it, or with INTERFACE our headers; the installed package
# finds them again in PACKAGES, by find_package. FathomInstall goes through all that were added here.
function(fathom_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INTERFACE" "" "NEEDS;PACKAGES;LIBRARIES")
  if(arg_INTERFACE)
    add_library(fathom_${name} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(fathom_${name} INTERFACE ${arg_LIBRARIES})
  else()
    add_library(fathom_${name} STATIC)
    set(scope PUBLIC)
    set_target_properties(fathom_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
    # BUILD_INTERFACE: a bare link would make install(EXPORT) ask for our private warning flags.
    target_link_libraries(fathom_${name} PRIVATE $<BUILD_INTERFACE:fathom_build_options> ${arg_LIBRARIES})
  endif()
  add_library(fathom::${name} ALIAS fathom_${name})
  set_target_properties(fathom_${name} PROPERTIES
    EXPORT_NAME ${name}
    VERIFY_INTERFACE_HEADER_SETS ${FATHOM_DEVELOPER})
  target_compile_features(fathom_${name} ${scope} cxx_std_20)
  list(TRANSFORM arg_NEEDS PREPEND fathom_ OUTPUT_VARIABLE needed_targets)
  target_link_libraries(fathom_${name} ${scope} ${needed_targets})
  set_property(GLOBAL APPEND PROPERTY FATHOM_COMPONENTS ${name})
  set_property(GLOBAL PROPERTY FATHOM_NEEDS_${name} ${arg_NEEDS})
  set_property(GLOBAL PROPERTY FATHOM_PACKAGES_${name} ${arg_PACKAGES})
endfunction()

# fathom_add_room(COMPONENT ROOM HEADERS a.hpp ... SOURCES a.cpp ...): one room of the house, from include/fathom/ROOM
# and lib/ROOM, as part of a component; one that is INTERFACE has no sources. Called by lib/ROOM/CMakeLists.txt.
function(fathom_add_room component room)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "HEADERS;SOURCES")
  list(TRANSFORM arg_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/fathom/${room}/")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/lib/${room}/")
  get_target_property(type fathom_${component} TYPE)
  set(scope PUBLIC)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(scope INTERFACE)
  endif()
  target_sources(fathom_${component}
    ${scope} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${arg_HEADERS}
    PRIVATE ${arg_SOURCES})
endfunction()
