#include "program_section.hpp"

#include <algorithm>
#include <string_view>

namespace fathom::bpf {

std::string_view section_name(const BpfProgram& program) noexcept {
  const std::string_view section = program.section();
  return section.substr(0, section.find('/'));
}

bool is_kprobe_of(const BpfProgram& program, std::initializer_list<std::string_view> sections,
                  BpfAttachType attach_type) {
  if (program.type() != BpfProgramType::kprobe)
    return false;
  if (program.section().empty())
    return true;
  return program.expected_attach_type() == attach_type &&
         std::ranges::find(sections, section_name(program)) != sections.end();
}

bool is_tracing_multi(BpfAttachType type) noexcept {
  using enum BpfAttachType;
  return type == trace_fentry_multi || type == trace_fexit_multi || type == trace_fsession_multi;
}

}  // namespace fathom::bpf
