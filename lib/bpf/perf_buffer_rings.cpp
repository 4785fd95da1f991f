#include "error_cause.hpp"
#include "object_file.hpp"
#include "perf/bpf_output.hpp"
#include "readable.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/owning_process.hpp>
#include <fathom/bpf/detail/perf_buffer_rings.hpp>

#include <bpf/bpf.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace fathom::detail {

namespace {

void check(const BpfMap& map, const CpuSet& cpus) {
  constexpr const char* kOperation = "read as a perf buffer";
  if (map.type() != BpfMapType::perf_event_array)
    throw bpf::bad_object(EINVAL, kOperation, map.object_name(), map.name(),
                          "it is a map of type " + std::string(to_string(map.type())));
  for (const unsigned cpu : cpus.cpus()) {
    if (cpu >= map.max_entries())
      throw bpf::bad_object(EINVAL, kOperation, map.object_name(), map.name(),
                            "it has " + std::to_string(map.max_entries()) + " entries and none for CPU " +
                                std::to_string(cpu) + ": leave max_entries out");
  }
}

}  // namespace

struct PerfBufferRings::State {
  explicit State(BpfMap of) : map(std::move(of)) {}
  ~State() {
    if (!owner.is_current())
      return;
    for (const perf::BpfOutput& ring : rings) {
      const unsigned cpu = ring.cpu();
      ::bpf_map_delete_elem(map.native_handle(), &cpu);
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  OwningProcess owner;
  BpfMap map;
  CpuSet cpus;
  UniqueFd epoll;
  std::vector<perf::BpfOutput> rings;
  ParseStats stats;
};

PerfBufferRings::PerfBufferRings(const BpfMap& map, const PerfBufferOptions& options)
    : state_(std::make_unique<State>(map)) {
  state_->cpus = options.cpus ? *options.cpus : CpuSet::online();
  check(map, state_->cpus);
  state_->epoll = bpf::make_epoll(map);
  const std::string what = "the event for " + map.name();
  for (const unsigned cpu : state_->cpus.cpus()) {
    const perf::BpfOutput& ring = state_->rings.emplace_back(cpu, options.pages, options.wakeup_records, what);
    bpf::add_to_epoll(state_->epoll, EPOLLIN, ring.native_handle(), map);
    const int fd = ring.native_handle();
    if (::bpf_map_update_elem(map.native_handle(), &cpu, &fd, BPF_ANY) != 0) {
      const int error = errno;
      throw bpf::failed(error, "give its ring to", map.object_name(), map.name());
    }
  }
}

PerfBufferRings::~PerfBufferRings() = default;
PerfBufferRings::PerfBufferRings(PerfBufferRings&& other) noexcept = default;
PerfBufferRings& PerfBufferRings::operator=(PerfBufferRings&& other) noexcept = default;

PerfBufferRings::State& PerfBufferRings::state() const {
  if (!state_)
    throw bpf::failed(EBADF, "read", {}, "a perf buffer that was moved from");
  return *state_;
}

bool PerfBufferRings::wait(std::optional<std::chrono::nanoseconds> timeout) const {
  return bpf::wait_readable(state().epoll, bpf::Deadline(timeout), state().map);
}

void PerfBufferRings::drain(void* context, Call on_record) {
  for (perf::BpfOutput& ring : state().rings)
    ring.drain(state().stats,
               [&](std::span<const std::byte> sample) { return on_record(context, ring.cpu(), sample); });
}

int PerfBufferRings::native_handle() const noexcept {
  return state_ ? state_->epoll.get() : -1;
}
std::uint64_t PerfBufferRings::lost() const noexcept {
  std::uint64_t sum = 0;
  if (!state_)
    return sum;
  for (const perf::BpfOutput& ring : state_->rings)
    sum += ring.lost();
  return sum;
}
std::uint64_t PerfBufferRings::lost(unsigned cpu) const noexcept {
  if (!state_)
    return 0;
  const auto ring = std::ranges::find(state_->rings, cpu, &perf::BpfOutput::cpu);
  return ring == state_->rings.end() ? 0 : ring->lost();
}
const ParseStats& PerfBufferRings::stats() const noexcept {
  static const ParseStats none;
  return state_ ? state_->stats : none;
}
const CpuSet& PerfBufferRings::cpus() const noexcept {
  static const CpuSet none;
  return state_ ? state_->cpus : none;
}

}  // namespace fathom::detail
