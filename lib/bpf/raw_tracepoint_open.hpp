#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <string>

namespace fathom::bpf {

/// What a program is attached to by BPF_RAW_TRACEPOINT_OPEN.
struct RawTracepointTarget {
  std::string event{};       ///< empty for a program of type tracing or lsm: what it was verified for
  std::uint64_t cookie = 0;  ///< other than 0 since Linux 6.10
  std::string tracefs{};     ///< read for nearest names; empty for the usual place
};

/// Attaches the program. Throws BpfError.
[[nodiscard]] UniqueFd open_raw_tracepoint(const RawTracepointTarget& target, const BpfProgram& program);

}  // namespace fathom::bpf
