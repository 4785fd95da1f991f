#include "perf_event_open.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace fathom::perf {

namespace {

std::string denied_hint(int allowed_paranoid, std::optional<int> paranoid) {
  std::string hint = "it needs CAP_PERFMON (before Linux 5.8: CAP_SYS_ADMIN), or kernel.perf_event_paranoid at most ";
  hint += std::to_string(allowed_paranoid);
  if (paranoid) {
    hint += ", and that is ";
    hint += std::to_string(*paranoid);
  }
  hint += "; a container's system call filter may forbid it as well";
  return hint;
}

}  // namespace

std::string open_hint(int errno_value, int allowed_paranoid, std::optional<int> paranoid) {
  switch (errno_value) {
    case EACCES:
    case EPERM:
      return denied_hint(allowed_paranoid, paranoid);
    case ENOENT:
    case EOPNOTSUPP:
      return "this kernel or this processor has no such event";
    case EINVAL:
    case E2BIG:
      return "this kernel does not know one of the attributes";
    case EMFILE:
      return "too many open files: an event on each CPU takes a descriptor each; raise the limit (ulimit -n)";
    case ENOSYS:
      return "the kernel was built without CONFIG_PERF_EVENTS";
    case ENODEV:
      return "the CPU is not online, or its hardware is missing";
    default:
      return {};
  }
}

std::optional<int> read_paranoid(const std::string& proc) {
  std::ifstream file(proc + "/sys/kernel/perf_event_paranoid");
  int value = 0;
  if (file >> value)
    return value;
  return std::nullopt;
}

UniqueFd open_event(const perf_event_attr& attr, Target target, const Purpose& purpose) {
  const long fd = ::syscall(SYS_perf_event_open, &attr, target.pid, target.cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd >= 0)
    return UniqueFd(static_cast<int>(fd));
  const int error = errno;
  std::string action = "open ";
  action += purpose.what;
  if (target.cpu >= 0) {
    action += " on CPU ";
    action += std::to_string(target.cpu);
  }
  throw Error(error, action, {}, open_hint(error, purpose.paranoid, read_paranoid(purpose.proc)));
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
