#include "event_attr.hpp"

namespace fathom::perf {

namespace {

// Puts an event's kind and number into the attributes.
struct Fill {
  perf_event_attr& attr;

  void operator()(SoftwareEvent event) const {
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = static_cast<std::uint64_t>(event);
  }
  void operator()(HardwareEvent event) const {
    attr.type = PERF_TYPE_HARDWARE;
    attr.config = static_cast<std::uint64_t>(event);
  }
  void operator()(const CacheEvent& event) const {
    attr.type = PERF_TYPE_HW_CACHE;
    attr.config = static_cast<std::uint64_t>(event.cache) | static_cast<std::uint64_t>(event.op) << 8U |
                  static_cast<std::uint64_t>(event.result) << 16U;
  }
  void operator()(const TracepointEvent& event) const {
    attr.type = PERF_TYPE_TRACEPOINT;
    attr.config = event.id;
  }
  void operator()(const BreakpointEvent& event) const {
    attr.type = PERF_TYPE_BREAKPOINT;
    attr.bp_type = static_cast<std::uint32_t>(event.access);
    attr.bp_addr = event.address;
    attr.bp_len = event.length;
  }
  void operator()(const PmuEvent& event) const {
    attr.type = event.type;
    attr.config = event.config;
    attr.config1 = event.config1;
    attr.config2 = event.config2;
  }
};

}  // namespace

perf_event_attr attr_of(const PerfEvent& event) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  std::visit(Fill{attr}, event.what());
  const PerfModifiers& modifiers = event.modifiers();
  attr.exclude_user = modifiers.exclude_user;
  attr.exclude_kernel = modifiers.exclude_kernel;
  attr.exclude_hv = modifiers.exclude_hv;
  attr.exclude_idle = modifiers.exclude_idle;
  attr.exclude_host = modifiers.exclude_host;
  attr.exclude_guest = modifiers.exclude_guest;
  attr.precise_ip = static_cast<unsigned>(modifiers.skid) & 3U;
  attr.pinned = modifiers.pinned;
  attr.exclusive = modifiers.exclusive;
  return attr;
}

}  // namespace fathom::perf
