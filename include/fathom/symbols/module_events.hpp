#pragma once

#include <fathom/base/error.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fathom {

/// A kernel module came or goes.
struct ModuleEvent {
  /// The words of the uevent.
  enum class Action : std::uint8_t {
    add,  ///< loaded, and its init function has run (since Linux 5.12, commit 38dc717e9715; before that: is about to)
    remove,  ///< its exit function has run; its symbols stand in /proc/kallsyms for a moment yet
  };

  std::string module;        ///< "dummy", as in /proc/modules
  Action action{};           ///< which of both
  std::uint64_t seqnum = 0;  ///< counts all uevents of the kernel, those of other subsystems too
  /// Somebody wrote to /sys/module/MODULE/uevent (`udevadm trigger` does): nothing was loaded or unloaded.
  bool synthetic = false;

  /// Equal in all fields.
  friend bool operator==(const ModuleEvent&, const ModuleEvent&) = default;
};

/// What came since the last call of `ModuleEvents::drain`.
struct ModuleBatch {
  std::vector<ModuleEvent> events;  ///< in the kernel's order
  std::uint64_t losses = 0;         ///< how often the socket overflowed; how many events that took, nobody knows
  bool cpus_changed = false;        ///< a CPU went or came: what the socket tells besides, for KsymbolEvents

  /// Whether nothing happened at all.
  [[nodiscard]] bool empty() const noexcept { return events.empty() && losses == 0 && !cpus_changed; }
};

/// How to listen.
struct ModuleEventsOptions {
  /// Asked for as the socket's receive buffer, in bytes; 0 leaves net.core.rmem_default. The kernel allows up to
  /// net.core.rmem_max, and to CAP_NET_ADMIN more. An event of any kind takes some 1,000 bytes of it.
  std::size_t receive_buffer = 0;
  /// The network namespace that the socket will be in, to know whether the kernel sends uevents there.
  std::string net_namespace = "/proc/thread-self/ns/net";
};

/// Hears of every kernel module that is loaded or unloaded, while the object lives.
///
///     ModuleEvents modules;
///     while (wait_readable(modules.native_handle())) {
///       for (const ModuleEvent& event : modules.drain().events)
///         std::cout << (event.action == ModuleEvent::Action::add ? "+ " : "- ") << event.module << '\n';
///     }
///
/// The kernel's uevents of SUBSYSTEM=module, from a netlink socket (NETLINK_KOBJECT_UEVENT, group 1); what comes from
/// somebody else than the kernel is passed over. A module whose init function fails is never told of, though its
/// symbols stood in /proc/kallsyms while that ran.
///
/// The kernel sends these to every network namespace that belongs to the initial user namespace, so also into a
/// container of its own network, and to no other (Linux 4.18, commit a3498436b3a0): in a rootless container nothing
/// would ever come. The constructor says so instead.
///
/// Move-only; not safe to share between threads without a lock. Touches no file but the namespace's. Needs no rights.
class ModuleEvents {
 public:
  /// Listens from now on. Throws Error (EMFILE; EACCES or EPERM where a container's filter forbids netlink),
  /// UnsupportedError in a network namespace that gets no uevents.
  explicit ModuleEvents(const ModuleEventsOptions& options = {});

  /// Readable while something is there: a netlink socket, owned here. Uevents of other subsystems wake it as well.
  [[nodiscard]] int native_handle() const noexcept { return socket_.get(); }
  /// What came since the last call. Never blocks, never throws on what came.
  [[nodiscard]] ModuleBatch drain();
  /// What was made of the messages, in all calls of `drain`: one record each, and those of other subsystems count as
  /// parsed.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }

 private:
  UniqueFd socket_;
  ParseStats stats_;
};

}  // namespace fathom
