#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace fathom {

/// A tracer, by the name that `current_tracer` takes.
///
///     tracefs.set_current_tracer(Tracer::function_graph);
///     tracefs.set_current_tracer(Tracer("osnoise"));         // any other, by name
///     if (tracefs.current_tracer() == Tracer::nop) ...
///
/// A plain value; whether the kernel has it, `TraceArray::available_tracers()` tells.
class Tracer {
 public:
  /// Throws Error (invalid_argument) for an empty name, one that is longer than the kernel takes (99 bytes), and one
  /// with white space in it.
  explicit Tracer(std::string_view name);

  /// As the kernel spells it.
  [[nodiscard]] constexpr std::string_view name() const noexcept { return {name_.data(), size_}; }

  friend bool operator==(const Tracer& a, const Tracer& b) noexcept { return a.name() == b.name(); }

  static const Tracer nop;             ///< none: only events and markers are recorded
  static const Tracer function;        ///< each kernel function that is entered
  static const Tracer function_graph;  ///< entry and exit of each, with durations
  static const Tracer blk;             ///< block layer requests (what blktrace shows)
  static const Tracer mmiotrace;       ///< reads and writes of device memory; takes all CPUs but one offline
  static const Tracer wakeup;          ///< the longest wait of the highest-priority task for a CPU
  static const Tracer wakeup_rt;       ///< the same, real-time tasks only
  static const Tracer wakeup_dl;       ///< the same, deadline tasks only
  static const Tracer hwlat;           ///< latencies that the hardware or firmware causes

 private:
  static constexpr std::size_t kMaxSize = 99;  // MAX_TRACER_SIZE of kernel/trace/trace.c, without the final NUL

  struct Known {};
  constexpr Tracer(Known, std::string_view name) noexcept : size_(name.size()) {
    for (std::size_t i = 0; i < name.size(); ++i)
      name_[i] = name[i];
  }

  std::array<char, kMaxSize> name_{};
  std::size_t size_ = 0;
};

inline constexpr Tracer Tracer::nop{Known{}, "nop"};
inline constexpr Tracer Tracer::function{Known{}, "function"};
inline constexpr Tracer Tracer::function_graph{Known{}, "function_graph"};
inline constexpr Tracer Tracer::blk{Known{}, "blk"};
inline constexpr Tracer Tracer::mmiotrace{Known{}, "mmiotrace"};
inline constexpr Tracer Tracer::wakeup{Known{}, "wakeup"};
inline constexpr Tracer Tracer::wakeup_rt{Known{}, "wakeup_rt"};
inline constexpr Tracer Tracer::wakeup_dl{Known{}, "wakeup_dl"};
inline constexpr Tracer Tracer::hwlat{Known{}, "hwlat"};

}  // namespace fathom
