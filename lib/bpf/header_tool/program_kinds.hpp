#pragma once

#include <fathom/bpf/program_spec.hpp>

#include <string_view>

namespace fathom::bpf {

/// The class that programs of a kind are.
struct ProgramKind {
  std::string_view class_name;
  std::string_view header;
};

/// By type, attach type and section; BpfProgram for a kind without a class of its own.
[[nodiscard]] ProgramKind program_kind(const ProgramSpec& program);

}  // namespace fathom::bpf
