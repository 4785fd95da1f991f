#include "thread_watch.hpp"

#include "perf_event_open.hpp"

#include <linux/perf_event.h>

namespace fathom::perf {

namespace {

constexpr std::string_view kWhat = "the event of a thread's end";

UniqueFd open_dummy(int tid, const std::string& proc) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.exclude_kernel = 1;  // what is not counted needs no rights
  return open_event(attr, {.pid = tid, .cpu = -1}, {.what = kWhat, .paranoid = 2, .proc = proc});
}

}  // namespace

ThreadWatch::ThreadWatch(int tid, const std::string& proc)
    : tid_(tid), fd_(open_dummy(tid, proc)), ring_(fd_.get(), 1, kWhat) {}

}  // namespace fathom::perf
