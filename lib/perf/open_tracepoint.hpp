#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstdint>

namespace fathom::perf {

/// The event of a tracepoint, by its number in tracefs (`events/*/*/id`), on all tasks of one CPU: what a BPF program
/// is attached to, which then runs on every CPU. Enabled. Throws Error.
[[nodiscard]] UniqueFd open_tracepoint(std::uint64_t id);

}  // namespace fathom::perf
