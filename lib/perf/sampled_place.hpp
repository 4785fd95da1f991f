#pragma once

#include "read_counts.hpp"
#include "sample_ring.hpp"
#include "scope_places.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/perf_event.hpp>
#include <fathom/perf/perf_sampler.hpp>

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::perf {

/// What is sampled at each place of a scope.
class SamplePlan {
 public:
  /// Throws Error (EINVAL) for a rate that makes no sense.
  SamplePlan(const PerfEvent& event, const PerfSamplerOptions& options);

  struct Event {
    std::string name;
    perf_event_attr attr;
  };
  [[nodiscard]] const std::vector<Event>& events() const noexcept { return events_; }
  /// How the records of all of them are laid out, as far as the attributes tell.
  [[nodiscard]] RecordLayout layout() const noexcept;

 private:
  std::vector<Event> events_;
};

/// The sampled events at one place, disabled at first, and those that are read with each.
class SampledPlace {
 public:
  /// Opens them. Throws Error.
  SampledPlace(const Place& place, const SamplePlan& plan, const PerfSamplerOptions& options);

  [[nodiscard]] const Place& place() const noexcept { return place_; }
  /// The first one's.
  [[nodiscard]] int fd() const noexcept { return events_.front().fd.get(); }
  /// The format of what read(2) gives of each, which its samples have as well.
  [[nodiscard]] std::uint64_t read_format() const noexcept { return read_format_; }
  /// Has all write to this ring, which is that of the first or of another place's. Throws Error.
  void write_to(SampleRing& ring) const;
  /// An ioctl of each, with those that are read with it. `action` is what it is for. Throws Error.
  void control(unsigned long request, const char* action) const;
  /// How long it has been enabled on its CPU, which stands still once that has gone, and while disabled; empty where it
  /// cannot be read.
  [[nodiscard]] std::optional<std::uint64_t> time_on_cpu() const;
  /// What one of them came to; empty where it cannot be read.
  [[nodiscard]] std::optional<EventCounts> counts(std::size_t event) const;

 private:
  struct Event {
    std::string name;
    UniqueFd fd;
    std::vector<UniqueFd> counted;
  };
  [[nodiscard]] Event open(const SamplePlan::Event& wanted, const PerfSamplerOptions& options);

  UniqueFd cpu_watch_;
  Place place_;
  std::uint64_t read_format_ = 0;
  std::vector<Event> events_;
};

}  // namespace fathom::perf
