#include "program_kinds.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace fathom::bpf {

namespace {

struct Rule {
  BpfProgramType type;
  std::optional<BpfAttachType> attach_type;  // empty: any
  std::string_view section;                  // what the section begins with; empty: any
  ProgramKind kind;
};

// The first that fits. A new class of programs gets its line here.
constexpr std::array kRules = {
    Rule{BpfProgramType::tracepoint, {}, {}, {"Tracepoint", "tracepoint"}},
    Rule{BpfProgramType::raw_tracepoint, {}, {}, {"RawTracepoint", "raw_tracepoint"}},
    Rule{BpfProgramType::raw_tracepoint_writable, {}, {}, {"RawTracepoint", "raw_tracepoint"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_raw_tp, {}, {"BtfTracepoint", "btf_tracepoint"}},
};

}  // namespace

ProgramKind program_kind(const ProgramSpec& program) {
  const auto* const rule = std::ranges::find_if(kRules, [&](const Rule& r) {
    return r.type == program.type && (!r.attach_type || *r.attach_type == program.expected_attach_type) &&
           program.section.starts_with(r.section);
  });
  return rule != kRules.end() ? rule->kind : ProgramKind{"BpfProgram", "bpf_program"};
}

}  // namespace fathom::bpf
