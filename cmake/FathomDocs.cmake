# The target `docs`: reference pages from the comments in include/, under docs/html of the build folder. A warning is an
# error, and a public thing without a comment is a warning.
find_program(FATHOM_DOXYGEN doxygen DOC "doxygen, for the target docs")
mark_as_advanced(FATHOM_DOXYGEN)

if(FATHOM_DOXYGEN)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/Doxyfile.in" "${PROJECT_BINARY_DIR}/docs/Doxyfile" @ONLY)
  add_custom_target(docs
    COMMAND "${FATHOM_DOXYGEN}" "${PROJECT_BINARY_DIR}/docs/Doxyfile"
    COMMENT "Reference pages in ${PROJECT_BINARY_DIR}/docs/html"
    VERBATIM)
else()
  add_custom_target(docs
    COMMAND "${CMAKE_COMMAND}" -E echo "The target docs needs doxygen: install it, then run cmake again."
    COMMAND "${CMAKE_COMMAND}" -E false
    VERBATIM)
endif()
