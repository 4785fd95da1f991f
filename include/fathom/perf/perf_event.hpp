#pragma once

#include <fathom/perf/perf_event_kinds.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fathom {

/// How near to the event the instruction must be that a sample names: attr.precise_ip.
enum class PerfSkid : std::uint8_t {
  arbitrary,       ///< any distance
  constant,        ///< always the same (`:p`)
  zero_requested,  ///< none, if the processor can (`:pp`)
  zero,            ///< none (`:ppp`)
};

/// When an event does not count, and how. What stands behind the colon of `perf`'s names.
///
///     PerfEvent event{HardwareEvent::cpu_cycles, {.exclude_kernel = true, .exclude_hv = true}};   // cpu-cycles:u
struct PerfModifiers {
  bool exclude_user = false;            ///< not in user space
  bool exclude_kernel = false;          ///< not in the kernel
  bool exclude_hv = false;              ///< not in a hypervisor below
  bool exclude_idle = false;            ///< not while the CPU runs its idle task (`:I`)
  bool exclude_host = false;            ///< not outside of virtual machines (`:G`)
  bool exclude_guest = false;           ///< not inside of virtual machines (`:H`)
  PerfSkid skid = PerfSkid::arbitrary;  ///< what samples may be off by
  bool pinned = false;                  ///< always on the PMU, or in error (`:D`)
  bool exclusive = false;               ///< alone on the PMU (`:e`)

  /// Equal in all fields.
  friend bool operator==(const PerfModifiers&, const PerfModifiers&) = default;
};

/// Where the names of events are looked up.
struct PerfEventPaths {
  std::string sys = "/sys";                     ///< `bus/event_source/devices` is below
  std::string tracefs = "/sys/kernel/tracing";  ///< `events` is below; find_tracefs() knows where else it may be
};

/// Which event is to be counted or sampled, by value or by the name that `perf list` has for it.
///
///     PerfCounter faults{"page-faults"};
///     PerfEvent event{SoftwareEvent::task_clock};
///     PerfEvent misses{CacheEvent{CacheId::ll, CacheOp::read, CacheResult::miss}};
///     PerfEvent switches{"sched:sched_switch"}, user{"cpu-cycles:u"}, raw{"cpu/event=0x3c,umask=1/"},
///     written{"mem:0x601040/8:w"}; std::cout << misses.name();                  // LLC-load-misses
///
/// Names: software and hardware events and their aliases (`cpu-cycles` or `cycles`, `branches`, `faults`, `cs`);
/// caches (`L1-dcache-load-misses`); `rNNNN`, the processor's own number in hexadecimal; `PMU/term=value,.../` by the
/// files `format` and `events` of the source, with `config`, `config1` and `config2` for the whole words;
/// `SYSTEM:NAME`, a tracepoint; `mem:ADDRESS[/LENGTH][:r|w|x|rw]`. Behind these `:` and letters: u, k, h count in user
/// space, the kernel, the hypervisor only; I not in idle; G, H only in or outside of virtual machines; p, pp, ppp as
/// PerfSkid; D pinned; e exclusive.
///
/// A plain value; opens nothing. Only the names of tracepoints and of PMUs are looked up in files, which takes the
/// right to read these (tracefs is root's).
class PerfEvent {
 public:
  /// Any of the kinds.
  using What = std::variant<SoftwareEvent, HardwareEvent, CacheEvent, TracepointEvent, BreakpointEvent, PmuEvent>;

  /// By value.
  template <class T>
    requires std::constructible_from<What, T> && (!std::convertible_to<T, std::string_view>)
  PerfEvent(T what, PerfModifiers modifiers = {})  // NOLINT(google-explicit-constructor): a value is the event
      : PerfEvent(What(std::move(what)), modifiers, {}) {}
  /// By name. Throws Error: ENOENT with the nearest names; EINVAL for what is no name of an event, and for a term or
  /// letter that there is not; what reading a file gave.
  PerfEvent(std::string_view name, const PerfEventPaths& paths = {});  // NOLINT(google-explicit-constructor)
  /// The same.
  PerfEvent(const char* name) : PerfEvent(std::string_view(name)) {}  // NOLINT(google-explicit-constructor)
  /// The same.
  PerfEvent(const std::string& name) : PerfEvent(std::string_view(name)) {}  // NOLINT(google-explicit-constructor)

  /// Which.
  [[nodiscard]] const What& what() const noexcept { return what_; }
  /// When it counts.
  [[nodiscard]] const PerfModifiers& modifiers() const noexcept { return modifiers_; }
  /// The same event with these.
  [[nodiscard]] PerfEvent with(PerfModifiers modifiers) const;
  /// The name that it was made by, or the one that it has; with the letters of its modifiers. For people: of a
  /// tracepoint that was given by number it is "tracepoint 314".
  [[nodiscard]] std::string name() const;

  /// The names of all software, hardware and cache events, without aliases.
  [[nodiscard]] static std::vector<std::string> names();

  /// Equal if they count the same, whatever their names.
  friend bool operator==(const PerfEvent& a, const PerfEvent& b) noexcept {
    return a.what_ == b.what_ && a.modifiers_ == b.modifiers_;
  }

 private:
  PerfEvent(What what, PerfModifiers modifiers, std::string base_name)
      : what_(what), modifiers_(modifiers), base_name_(std::move(base_name)) {}

  What what_;
  PerfModifiers modifiers_;
  std::string base_name_;  // without modifiers; empty if the value tells
};

}  // namespace fathom
