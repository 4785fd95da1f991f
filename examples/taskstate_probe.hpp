#pragma once

#include <fathom/rawtrace/event_format.hpp>
#include <fathom/sched/task_state.hpp>

#include <vector>

namespace taskstate_example {

/// Sleeps for 20 milliseconds, and gives what sched_switch, whose format this is, said of each switch away from this
/// thread meanwhile: by a perf event of this thread. Throws fathom::Error, without rights for one (EACCES).
std::vector<fathom::ReportedTaskState> sleep_once(const fathom::EventFormat& sched_switch);

}  // namespace taskstate_example
