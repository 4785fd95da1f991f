#pragma once

#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/symbols/symbol_changes.hpp>

#include <memory>

namespace fathom {

/// How to read the symbols and how to notice that they changed.
struct LiveKallsymsOptions {
  KallsymsOptions kallsyms = {};      ///< how to read
  SymbolChangesOptions changes = {};  ///< how to listen
};

/// What a refresh did.
struct SymbolRefresh {
  bool refreshed = false;       ///< there is a new snapshot
  bool due = false;             ///< it is out of date already: see LiveKallsyms
  SymbolChangeSummary changes;  ///< what happened since the last refresh, also while this one was reading

  /// Whether there is a new snapshot.
  [[nodiscard]] explicit operator bool() const noexcept { return refreshed; }
};

/// The kernel's symbols, kept up to date: a KallsymsIndex that is read again when modules or BPF programs came or went.
///
///     LiveKallsyms live;
///     std::jthread refresher([&](std::stop_token stop) {
///       while (wait_readable(live.native_handle(), stop))
///         live.refresh_if_due();
///     });
///     const KallsymsIndex symbols = live.current();   // in any thread; what it holds never changes
///     if (auto hit = symbols.find(address)) ...
///
/// It listens before it reads, so a change while it reads makes it due again. The kernel announces most ends before the
/// symbols are gone: where a new snapshot still has symbols that were announced to go, it counts as due, and the handle
/// becomes readable once more, 20 ms later, for five times at most.
///
/// What no announcement covers, a snapshot may keep until the next change: the symbols of a module's init section,
/// which go some time after the module was added, and those of a module whose init function failed while the snapshot
/// was read. Their addresses are not used again without an announcement.
///
/// Each refresh reads all of /proc/kallsyms, some 40 ms of CPU time: whoever expects many changes waits a little
/// between two calls, for nothing is lost meanwhile that a later refresh would not bring.
///
/// All members may be called by all threads at once; those that refresh wait for each other, and `current` for nobody
/// who reads. Files, rights and versions: see KallsymsIndex and SymbolChanges.
class LiveKallsyms {
 public:
  /// Listens, then reads. Throws what KallsymsIndex::load and SymbolChanges throw.
  explicit LiveKallsyms(LiveKallsymsOptions options = {});
  ~LiveKallsyms();
  LiveKallsyms(const LiveKallsyms&) = delete;
  LiveKallsyms& operator=(const LiveKallsyms&) = delete;

  /// The newest snapshot. A copy of a handle, under a lock that is held for no more than that. Keep it in a variable
  /// while what it gives is in use: another thread's refresh may let go of the last other copy.
  [[nodiscard]] KallsymsIndex current() const;
  /// Reads again if something changed since the last reading began, or may have: see SymbolChangeSummary::due. Throws
  /// what KallsymsIndex::load throws; then the old snapshot stays, it stays due, and the handle is readable again
  /// after a second.
  SymbolRefresh refresh_if_due();
  /// Reads again in any case.
  SymbolRefresh refresh();

  /// Readable when a refresh may be due: an epoll descriptor, owned here. Call refresh_if_due() after each wake-up, and
  /// once after the handle was added to an epoll set.
  [[nodiscard]] int native_handle() const noexcept;
  /// Which changes are noticed. What is not noticed makes no refresh due.
  [[nodiscard]] const SymbolNotices& notices() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
