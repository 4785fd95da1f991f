#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom::bpf {

/// Makes a perf event run the program; the link holds the event. Throws BpfError, where `target` says what the event
/// is.
[[nodiscard]] UniqueFd link_to_perf_event(const BpfProgram& program, int perf_event,
                                          std::optional<std::uint64_t> cookie, const std::string& target);

}  // namespace fathom::bpf
