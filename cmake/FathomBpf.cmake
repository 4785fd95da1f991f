# fathom_add_bpf: BPF programs in C as a part of a C++ target. Loaded by find_package(fathom COMPONENTS bpf).

# fathom_add_bpf(TARGET SOURCE [NAME name] [INCLUDES folder...] [DEFINITIONS definition...] [OPTIONS option...])
#
# Compiles SOURCE (`opensnoop.bpf.c`) with clang for BPF, keeps its BTF and strips its DWARF, makes it a part of TARGET,
# and generates `<fathom-bpf/NAME.bpf.hpp>` for it: the namespace NAME with the embedded `object`, the names of programs,
# maps and variables with their types, and the records that these use as C++ structs. NAME is the file's name up to its
# first dot, with '_' for what no C++ name may have; names of the C library's functions (kill.bpf.c), of macros and of
# the language's words are refused, and want a NAME. Names in it that C++ or a macro has for something else get a '_'
# behind them. The source may include <bpf/bpf_helpers.h> of libbpf, and <fathom.bpf.h> and <timer.bpf.h> of ours; and
# before all others but <fathom.bpf.h> one of <kernel_types.bpf.h>, for programs that trace, and <network.bpf.h>, for
# those of packets, sockets and cgroups.
#
#   FATHOM_BPF_CLANG, FATHOM_BPF_STRIP   the compiler (14 or later), and llvm-strip of the same version; found if not set
#   FATHOM_BPF_HEADER_TOOL               the fathom-bpf-header to run: one built for the host, where what is built for the
#                                        target cannot run here
function(fathom_add_bpf target source)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME" "INCLUDES;DEFINITIONS;OPTIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "fathom_add_bpf: what is '${arg_UNPARSED_ARGUMENTS}'?")
  endif()
  _fathom_find_bpf_tools()
  cmake_path(ABSOLUTE_PATH source NORMALIZE)
  if(NOT arg_NAME)
    cmake_path(GET source FILENAME arg_NAME)
    string(REGEX REPLACE "\\..*$" "" arg_NAME "${arg_NAME}")
  endif()
  string(MAKE_C_IDENTIFIER "${arg_NAME}" name)

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.fathom-bpf")
  set(object "${folder}/${name}.bpf.o")
  set(header "${folder}/fathom-bpf/${name}.bpf.hpp")
  set(embedding "${folder}/${name}.bpf.cpp")
  file(MAKE_DIRECTORY "${folder}/fathom-bpf")
  list(TRANSFORM arg_INCLUDES PREPEND "-I" OUTPUT_VARIABLE includes)
  list(TRANSFORM arg_DEFINITIONS PREPEND "-D" OUTPUT_VARIABLE definitions)
  _fathom_bpf_arch(arch)
  # Beside this file where it is installed, beside its folder in the sources.
  unset(bpf_headers)
  find_path(bpf_headers fathom.bpf.h NO_CACHE NO_DEFAULT_PATH REQUIRED
    PATHS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/bpf" "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../bpf")
  # Debian has asm/*.h in a folder of the machine's, where clang -target bpf does not look.
  if(CMAKE_LIBRARY_ARCHITECTURE)
    list(APPEND includes -idirafter "/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")
  endif()
  if(CMAKE_GENERATOR MATCHES "Ninja|Makefiles")
    set(dependencies DEPFILE "${object}.d")
  endif()
  add_custom_command(OUTPUT "${object}"
    # -mcpu=v3 is Linux 5.1's set of instructions, which has atomics with a result; -g makes the BTF.
    COMMAND "${FATHOM_BPF_CLANG}" -target bpf -mcpu=v3 -g -O2 -Wall -Wextra -Wno-unused-parameter
      -Wno-address-of-packed-member ${arch} ${definitions} "-I${bpf_headers}" ${includes} ${arg_OPTIONS}
      -MD -MF "${object}.d" -MT "${object}" -c "${source}" -o "${object}"
    # -g takes the DWARF and leaves the BTF.
    COMMAND "${FATHOM_BPF_STRIP}" -g "${object}"
    DEPENDS "${source}" ${dependencies}
    COMMENT "BPF object ${name}" VERBATIM)
  set(header_tool fathom::bpf_header)
  if(FATHOM_BPF_HEADER_TOOL)
    set(header_tool "${FATHOM_BPF_HEADER_TOOL}")
  endif()
  add_custom_command(OUTPUT "${header}" "${embedding}"
    COMMAND "${header_tool}" "${object}" "${name}" "${header}" "${embedding}"
    DEPENDS "${object}" "${header_tool}"
    COMMENT "Header of the BPF object ${name}" VERBATIM)

  target_sources(${target} PRIVATE "${embedding}" "${header}")
  # The file takes in the object's bytes by its path, which no compiler tells the build tool.
  set_source_files_properties("${embedding}" PROPERTIES OBJECT_DEPENDS "${object}")
  target_include_directories(${target} PRIVATE "${folder}")
  target_link_libraries(${target} PRIVATE fathom::bpf)
endfunction()

# -D__TARGET_ARCH_x86 and so on, by which <bpf/bpf_tracing.h> knows the registers.
function(_fathom_bpf_arch result)
  set(arch "")
  foreach(pair "x86_64|i.86|AMD64=x86" "aarch64|arm64=arm64" "arm.*=arm" "s390x=s390" "ppc64.*|powerpc.*=powerpc"
      "riscv.*=riscv" "loongarch.*=loongarch" "mips.*=mips")
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 pattern)
    list(GET pair 1 name)
    if(NOT arch AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(${pattern})$")
      set(arch "-D__TARGET_ARCH_${name}")
    endif()
  endforeach()
  set(${result} ${arch} PARENT_SCOPE)
endfunction()

macro(_fathom_find_bpf_tools)
  set(_fathom_versions 22 21 20 19 18 17 16 15 14)
  list(TRANSFORM _fathom_versions PREPEND "clang-" OUTPUT_VARIABLE _fathom_clangs)
  list(TRANSFORM _fathom_versions PREPEND "llvm-strip-" OUTPUT_VARIABLE _fathom_strips)
  find_program(FATHOM_BPF_CLANG NAMES ${_fathom_clangs} clang DOC "clang, for BPF programs")
  find_program(FATHOM_BPF_STRIP NAMES ${_fathom_strips} llvm-strip DOC "llvm-strip, for BPF programs")
  mark_as_advanced(FATHOM_BPF_CLANG FATHOM_BPF_STRIP)
  if(NOT FATHOM_BPF_CLANG OR NOT FATHOM_BPF_STRIP)
    message(FATAL_ERROR "fathom_add_bpf needs clang and llvm-strip (on Debian: clang llvm)")
  endif()
endmacro()
