#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>
#include <optional>

namespace fathom {

/// A program of `SEC("perf_event")`: runs when a perf event overflows, and gets the registers of whom it interrupted
/// (`struct bpf_perf_event_data`).
///
///     auto tick = bpf.program<fathom::PerfEventProgram>("tick");
///     fathom::BpfLink link = tick.attach(event);               // a descriptor, or anything with native_handle()
///
/// The event stays its owner's: this neither enables nor closes it, and the link keeps it alive. An event that only
/// counts (no period, no frequency) is taken too, and never runs the program. An event has one program at most. Since
/// Linux 4.9, with links since 5.15. Needs CAP_PERFMON or CAP_SYS_ADMIN. Throws BpfError: bad_attach_target for what is
/// no perf event or has a program.
class PerfEventProgram : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit PerfEventProgram(const BpfProgram& program);

  /// Attaches to the event; `cookie` is what `bpf_get_attach_cookie()` gives in the program.
  [[nodiscard]] BpfLink attach(int perf_event, std::optional<std::uint64_t> cookie = {}) const;
  /// The same.
  template <class Event>
    requires requires(const Event& event) { int{event.native_handle()}; }
  [[nodiscard]] BpfLink attach(const Event& event, std::optional<std::uint64_t> cookie = {}) const {
    return attach(event.native_handle(), cookie);
  }
};

}  // namespace fathom
