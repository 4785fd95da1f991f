#include <fathom/sched/prev_state_probe.hpp>

namespace fathom {

std::optional<PrevStateEncoding> probe_prev_state_encoding(
    const std::function<std::vector<ReportedTaskState>()>& sleep_once) {
  std::optional<PrevStateEncoding> encoding;
  for (const ReportedTaskState& reported : sleep_once()) {
    if (reported.value == 1)
      encoding = PrevStateEncoding::bit;
    else if (reported.value == 2)
      encoding = PrevStateEncoding::shifted;
  }
  return encoding;
}

TaskStateDecoder probed_task_states(TaskStateSources sources,
                                    const std::function<std::vector<ReportedTaskState>()>& sleep_once) {
  TaskStateDecoder states(sources);
  if (states.encoding())
    return states;
  sources.encoding = probe_prev_state_encoding(sleep_once);
  return TaskStateDecoder(sources);
}

}  // namespace fathom
