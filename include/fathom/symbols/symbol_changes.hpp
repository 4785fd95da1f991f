#pragma once

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/ksymbol_events.hpp>
#include <fathom/symbols/module_events.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace fathom {

/// How to listen to both kinds of changes.
struct SymbolChangesOptions {
  KsymbolOptions ksymbols = {};      ///< how to listen to code that the kernel generates
  ModuleEventsOptions modules = {};  ///< how to listen to modules
};

/// Which changes are noticed, and why the others are not.
struct SymbolNotices {
  std::optional<Error> no_ksymbols;  ///< why BPF programs and other generated code come and go unnoticed
  std::optional<Error> no_modules;   ///< why modules do

  /// Whether everything is noticed.
  [[nodiscard]] bool complete() const noexcept { return !no_ksymbols && !no_modules; }
};

/// How the kernel's symbols changed since the last call of `SymbolChanges::drain`.
struct SymbolChangeSummary {
  std::vector<ModuleEvent> modules;         ///< in the kernel's order; none that is synthetic
  std::vector<KsymbolEvent> ksymbols;       ///< by time
  std::uint64_t module_losses = 0;          ///< see ModuleBatch
  std::vector<KsymbolLoss> ksymbol_losses;  ///< see KsymbolBatch

  /// Whether symbols that were read before are out of date, or may be: something changed, or was lost.
  [[nodiscard]] bool due() const noexcept { return lossy() || !modules.empty() || !ksymbols.empty(); }
  /// Whether nothing happened at all.
  [[nodiscard]] bool empty() const noexcept { return !due(); }
  /// Whether something was lost.
  [[nodiscard]] bool lossy() const noexcept { return module_losses != 0 || !ksymbol_losses.empty(); }
  /// Adds what came later.
  SymbolChangeSummary& operator+=(SymbolChangeSummary later);
};

/// Notices that the kernel's symbols change: KsymbolEvents and ModuleEvents behind one handle.
///
///     SymbolChanges changes;                    // first listen,
///     auto symbols = KallsymsIndex::load();     // then read: so nothing falls between
///     while (wait_readable(changes.native_handle()))
///       if (changes.drain().due()) symbols = KallsymsIndex::load();
///
/// LiveKallsyms does this, and minds the symbols that the kernel announced to go and has not taken away yet. Where one
/// kind cannot be listened to for want of rights, the other is, and `notices` says so: a program without CAP_PERFMON
/// notices modules only. Neither kind tells of symbols that a module's init section takes with it.
///
/// Move-only; not safe to share between threads without a lock. Files, rights and versions: see the two.
class SymbolChanges {
 public:
  /// Listens from now on. Throws Error if neither kind can be listened to, and for anything but want of rights or of
  /// the feature (EMFILE).
  explicit SymbolChanges(const SymbolChangesOptions& options = {});

  /// Readable when something came: an epoll descriptor, owned here. As for KsymbolEvents, call `drain` after each
  /// wake-up, and once after the handle was added to an epoll set.
  [[nodiscard]] int native_handle() const noexcept { return epoll_.get(); }
  /// What came since the last call. Never waits for changes.
  [[nodiscard]] SymbolChangeSummary drain();
  /// Which kinds are noticed.
  [[nodiscard]] const SymbolNotices& notices() const noexcept { return notices_; }

 private:
  UniqueFd epoll_;
  std::optional<KsymbolEvents> ksymbols_;
  std::optional<ModuleEvents> modules_;
  SymbolNotices notices_;
};

}  // namespace fathom
