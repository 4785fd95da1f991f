#include "dummy_event.hpp"

#include "read_counts.hpp"

#include <linux/perf_event.h>

namespace fathom::perf {

UniqueFd open_dummy(Target target, const Purpose& purpose) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.read_format = kBothTimes;
  attr.exclude_kernel = 1;  // what is not counted needs no rights
  return open_event(attr, target, purpose);
}

UniqueFd open_cpu_watch(const Place& place, const Purpose& purpose) {
  return place.target.cgroup ? open_dummy({.cpu = place.target.cpu}, purpose) : UniqueFd();
}

}  // namespace fathom::perf
