#include "open_probe.hpp"

#include "perf_event_open.hpp"

#include <linux/perf_event.h>

namespace fathom::perf {

namespace {

// `format/retprobe` and `format/ref_ctr_offset` of both sources (kernel/events/core.c, enum perf_probe_config).
constexpr std::uint64_t kAtReturn = 1;
constexpr unsigned kReferenceCounterShift = 32;

}  // namespace

UniqueFd open_kprobe(std::uint32_t type, const KernelProbe& probe) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = type;
  attr.config = probe.at_return ? kAtReturn : 0;
  attr.kprobe_func = probe.function.empty() ? 0 : reinterpret_cast<std::uintptr_t>(probe.function.c_str());
  attr.probe_offset = probe.offset;
  // The CPU is only a formality: see open_tracepoint.
  return open_event(attr, {.pid = -1, .cpu = 0}, {.what = "the event of a kprobe", .paranoid = -1});
}

UniqueFd open_uprobe(std::uint32_t type, const UserProbe& probe) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = type;
  attr.config = (probe.at_return ? kAtReturn : 0) | std::uint64_t{probe.reference_counter} << kReferenceCounterShift;
  attr.uprobe_path = reinterpret_cast<std::uintptr_t>(probe.path.c_str());
  attr.probe_offset = probe.offset;
  return open_event(attr, {.pid = probe.pid, .cpu = probe.pid == -1 ? 0 : -1},
                    {.what = "the event of a uprobe", .paranoid = -1});
}

}  // namespace fathom::perf
