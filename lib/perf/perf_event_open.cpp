#include "perf_event_open.hpp"

#include "open_hint.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fathom::perf {

UniqueFd open_event(const perf_event_attr& attr, Target target, const Purpose& purpose) {
  const unsigned long flags = PERF_FLAG_FD_CLOEXEC | (target.cgroup ? PERF_FLAG_PID_CGROUP : 0);
  const long fd = ::syscall(SYS_perf_event_open, &attr, target.pid, target.cpu, target.group, flags);
  if (fd >= 0)
    return UniqueFd(static_cast<int>(fd));
  const int error = errno;
  std::string action = "open ";
  action += purpose.what;
  if (target.cpu >= 0) {
    action += " on CPU ";
    action += std::to_string(target.cpu);
  }
  if (target.pid > 0 && !target.cgroup)
    action += " of thread " + std::to_string(target.pid);
  throw Error(error, action, {}, open_hint({.errno_value = error, .attr = attr, .target = target, .purpose = purpose}));
}

bool is_unknown_attribute(const Error& error) noexcept {
  return error.code() == std::errc::invalid_argument || error.code() == std::errc::argument_list_too_long;
}

std::pair<UniqueFd, bool> open_counting_losses(perf_event_attr attr, Target target, const Purpose& purpose) {
  perf_event_attr counting = attr;
  counting.read_format |= PERF_FORMAT_LOST;
  try {
    return {open_event(counting, target, purpose), true};
  } catch (const Error& error) {
    if (!is_unknown_attribute(error))
      throw;
  }
  return {open_event(attr, target, purpose), false};
}

}  // namespace fathom::perf
