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

}  // namespace fathom
