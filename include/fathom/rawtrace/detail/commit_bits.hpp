#pragma once

#include <cstdint>

namespace fathom::detail {

// How the field `commit` of a page that was read is made up (kernel/trace/ring_buffer.c: ring_buffer_read_page,
// RB_MISSED_EVENTS, RB_MISSED_STORED; Linux 2.6.35).

/// How many bytes of data are on the page.
inline constexpr std::uint64_t kCommitBits = (std::uint64_t{1} << 27U) - 1;
/// Events were lost before those on the page.
inline constexpr std::uint64_t kMissedEvents = std::uint64_t{1} << 31U;
/// How many stands behind the data.
inline constexpr std::uint64_t kMissedStored = std::uint64_t{1} << 30U;

}  // namespace fathom::detail
