#include "open_tracepoint.hpp"

#include "perf_event_open.hpp"

#include <linux/perf_event.h>

namespace fathom::perf {

UniqueFd open_tracepoint(std::uint64_t id) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = id;
  // The program is the tracepoint's, not the event's (kernel/trace/bpf_trace.c, perf_event_attach_bpf_prog): the CPU is
  // only a formality, and 0 is online on all machines that Linux runs on. Not paranoid: BPF asks for more anyway.
  return open_event(attr, {.pid = -1, .cpu = 0}, {.what = "the event of a tracepoint", .paranoid = -1});
}

}  // namespace fathom::perf
