#pragma once

#include "perf_mapping.hpp"
#include "perf_ring.hpp"

#include <fathom/base/parse_stats.hpp>
#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace fathom::perf {

/// The event of a CPU that bpf_perf_event_output() writes to (PERF_COUNT_SW_BPF_OUTPUT), and its ring.
class BpfOutput {
 public:
  /// `wakeup_records` is how many make the descriptor readable. Throws Error; the event is called `what` in it.
  BpfOutput(unsigned cpu, std::size_t pages, std::uint32_t wakeup_records, std::string_view what);

  [[nodiscard]] unsigned cpu() const noexcept { return cpu_; }
  [[nodiscard]] int native_handle() const noexcept { return event_.get(); }
  /// What the kernel had no room for: what it says now (Linux 6.0), and before that as far as its records of that were
  /// read.
  [[nodiscard]] std::uint64_t lost() const noexcept;

  /// Gives `on_sample` the bytes of each record of a program; it says whether it understood.
  template <class OnSample>
  void drain(ParseStats& stats, OnSample on_sample) {
    ring_.drain(stats, [&](std::span<const std::byte> record) {
      if (const auto lost = lost_records(record)) {
        lost_noted_ += *lost;
        stats.losses += 1;
        stats.lost_events += *lost;
        return true;
      }
      const auto sample = raw_sample(record);
      return sample && on_sample(*sample);
    });
  }

 private:
  [[nodiscard]] static std::optional<std::uint64_t> lost_records(std::span<const std::byte> record);
  [[nodiscard]] static std::optional<std::span<const std::byte>> raw_sample(std::span<const std::byte> record);

  BpfOutput(unsigned cpu, std::pair<UniqueFd, bool> event, std::size_t pages, std::string_view what);

  unsigned cpu_;
  UniqueFd event_;
  bool counts_losses_;  // read(2) tells them
  PerfMapping mapping_;
  PerfRing ring_;
  std::uint64_t lost_noted_ = 0;  // in records
};

}  // namespace fathom::perf
