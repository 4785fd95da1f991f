#include <fathom/perf/perf_scope.hpp>

#include <sys/syscall.h>
#include <unistd.h>

namespace fathom {

PerfThread PerfThread::self(PerfFollow follow) noexcept {
  return {.tid = static_cast<int>(::syscall(SYS_gettid)), .follow = follow};
}

PerfProcess PerfProcess::self(PerfFollow follow) noexcept {
  return {.pid = ::getpid(), .follow = follow};
}

}  // namespace fathom
