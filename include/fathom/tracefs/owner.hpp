#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fathom {

/// Which process made something in tracefs that outlives it: an instance, a group of dynamic events. It is kept in the
/// name, so that the next run knows what a killed process left behind and nothing needs to be written down elsewhere.
///
///     std::string group = Owner::current().unique_name();       // fathom_4711_1a2b3c_f0000000_9e3779b9
///     if (auto owner = Owner::parse(name); owner && !owner->alive()) ... remove it
///
/// A plain value. Reads `proc`/self/stat, /self/ns/pid and /PID/stat; no rights needed.
struct Owner {
  int pid = 0;                      ///< of the process
  std::uint64_t start_time = 0;     ///< in clock ticks since boot, field 22 of /proc/PID/stat
  std::uint64_t pid_namespace = 0;  ///< inode number of /proc/PID/ns/pid

  /// This process. Throws Error if /proc is not mounted.
  [[nodiscard]] static Owner current(const std::string& proc = "/proc");
  /// From a name that unique_name() gave; empty for any other name.
  [[nodiscard]] static std::optional<Owner> parse(std::string_view name);
  /// Whether that very process still runs. A process of another pid namespace cannot be looked up by its number: it is
  /// taken to be alive.
  [[nodiscard]] bool alive(const std::string& proc = "/proc") const;
  /// `fathom_PID_START_NAMESPACE_RANDOM`: a valid name for an instance and for an event group, another one with each
  /// call.
  [[nodiscard]] std::string unique_name() const;

  friend bool operator==(const Owner&, const Owner&) = default;
};

}  // namespace fathom
