#pragma once

#include <fathom/base/time.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// One entry of the file `error_log`, where the kernel says what it did not like in an event filter, a trigger or a
/// probe definition (Linux 5.2). It keeps the last eight, and says nothing there about function filters.
///
///     for (const ErrorLogEntry& entry : tracefs.error_log())
///       std::cout << entry.location << ": " << entry.message << '\n' << entry.command << '\n'
///                 << std::string(entry.caret.value_or(0), ' ') << "^\n";
struct ErrorLogEntry {
  Timestamp time;                    ///< on the kernel's local clock, to the microsecond
  std::string location;              ///< which part of the kernel: `hist:sched:sched_wakeup`, `trace_kprobe`
  std::string message;               ///< `Couldn't find field`
  std::string command;               ///< what had been written
  std::optional<std::size_t> caret;  ///< where in `command` the trouble begins

  /// Two or three lines for a person: location and message, the command, the caret under it.
  [[nodiscard]] std::string describe() const;

  friend bool operator==(const ErrorLogEntry&, const ErrorLogEntry&) = default;
};

/// The text of the file `error_log`, oldest entry first. Lines that do not fit are left out.
[[nodiscard]] std::vector<ErrorLogEntry> parse_error_log(std::string_view text);

/// The newest entry about `command` (as it was written; white space around is ignored), if there is one.
[[nodiscard]] std::optional<ErrorLogEntry> find_error(const std::vector<ErrorLogEntry>& log, std::string_view command);

}  // namespace fathom
