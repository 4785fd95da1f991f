#pragma once

namespace fathom::perf {

/// Whether nothing more can come of an event that has a ring: its thread has ended, or its CPU has gone. Takes away
/// what poll(2) would tell of the ring, which has to be drained after (kernel/events/core.c, perf_poll).
[[nodiscard]] bool hung_up(int event);

}  // namespace fathom::perf
