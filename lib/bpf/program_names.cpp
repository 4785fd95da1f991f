#include "program_names.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <string>

namespace fathom::bpf {

std::string program_text(std::uint32_t id) {
  try {
    return '\'' + BpfProgram::from_id(id).name() + "' (id " + std::to_string(id) + ')';
  } catch (const BpfError&) {
    return "the program of id " + std::to_string(id);
  }
}

}  // namespace fathom::bpf
