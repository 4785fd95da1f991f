#include "older_perf.hpp"

#include <dlfcn.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>

namespace {

std::atomic<bool> is_older = false;
std::atomic<unsigned> refusals = 0;

}  // namespace

namespace fathom::live {

OlderPerf::OlderPerf() {
  refusals = 0;
  is_older = true;
}

OlderPerf::~OlderPerf() {
  is_older = false;
}

unsigned OlderPerf::refused() const noexcept {
  return refusals;
}

}  // namespace fathom::live

// In the place of the C library's, which it calls.
extern "C" long syscall(long number, ...) noexcept {
  std::array<long, 6> arguments{};
  va_list list;
  va_start(list, number);
  for (long& argument : arguments)
    argument = va_arg(list, long);
  va_end(list);
  if (number == SYS_perf_event_open && is_older) {
    const auto* const attr = reinterpret_cast<const perf_event_attr*>(arguments[0]);
    if ((attr->read_format & PERF_FORMAT_LOST) != 0) {
      refusals += 1;
      errno = EINVAL;
      return -1;
    }
  }
  using Call = long (*)(long, ...);
  static const auto next = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "syscall"));
  return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
