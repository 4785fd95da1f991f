#pragma once

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/map_spec.hpp>
#include <fathom/bpf/program_spec.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fathom::bpf {

/// All that is known of a load that failed.
struct FailedLoad {
  int errno_value;
  std::string_view object;
  std::string_view messages;  ///< libbpf's
  std::span<const ProgramSpec> programs;
  std::span<const MapSpec> maps;
  std::optional<std::size_t>
      program;           ///< the one that failed, by its place; empty if it was no program or is not known
  std::string_view log;  ///< that program's
};

/// Which program libbpf's messages are about, by its place; empty if none is.
[[nodiscard]] std::optional<std::size_t> failed_program(std::string_view messages,
                                                        std::span<const ProgramSpec> programs);

/// The error to throw.
[[nodiscard]] BpfError load_error(const FailedLoad& failed);

}  // namespace fathom::bpf
