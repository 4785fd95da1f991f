#include "text.hpp"

#include <fathom/tracefs/error_log.hpp>

#include <algorithm>
#include <ranges>

namespace fathom {

namespace {

constexpr std::string_view kCommand = "  Command: ";
constexpr std::string_view kError = ": error: ";

// [  348.887361] hist:sched:sched_wakeup: error: Couldn't find field
std::optional<ErrorLogEntry> parse_first_line(std::string_view line) {
  const auto close = line.find("] ");
  const auto error = line.find(kError);
  if (!line.starts_with('[') || close == std::string_view::npos || error == std::string_view::npos || error < close)
    return std::nullopt;
  const std::string_view stamp = tracefs::trimmed(line.substr(1, close - 1));
  const auto dot = stamp.find('.');
  const auto seconds = tracefs::parse_number<std::uint64_t>(stamp.substr(0, dot));
  const auto micros = dot == std::string_view::npos ? std::optional<std::uint64_t>(0)
                                                    : tracefs::parse_number<std::uint64_t>(stamp.substr(dot + 1));
  if (!seconds || !micros)
    return std::nullopt;
  ErrorLogEntry entry;
  entry.time.nanoseconds = *seconds * 1'000'000'000 + *micros * 1'000;
  entry.location = line.substr(close + 2, error - close - 2);
  entry.message = tracefs::trimmed(line.substr(error + kError.size()));
  return entry;
}

}  // namespace

std::string ErrorLogEntry::describe() const {
  std::string text = location + ": " + message + "\n  " + command;
  if (caret)
    text += "\n  " + std::string(*caret, ' ') + '^';
  return text;
}

// [  348.887361] hist:sched:sched_wakeup: error: Couldn't find field
//   Command: keys=pid,prio
//                     ^
std::vector<ErrorLogEntry> parse_error_log(std::string_view text) {
  std::vector<ErrorLogEntry> log;
  bool in_command = false;
  for (const std::string_view line : tracefs::lines_of(text)) {
    if (auto entry = parse_first_line(line)) {
      log.push_back(std::move(*entry));
      in_command = false;
    } else if (log.empty()) {
      continue;
    } else if (line.starts_with(kCommand) && !in_command) {
      log.back().command = line.substr(kCommand.size());
      in_command = true;
    } else if (in_command && tracefs::trimmed(line) == "^") {
      const auto column = line.find('^');
      if (column >= kCommand.size())
        log.back().caret = column - kCommand.size();
      in_command = false;
    } else if (in_command) {
      // A command may have a newline in it.
      log.back().command += '\n';
      log.back().command += line;
    }
  }
  for (ErrorLogEntry& entry : log)
    entry.command = tracefs::trimmed(entry.command);
  return log;
}

std::optional<ErrorLogEntry> find_error(const std::vector<ErrorLogEntry>& log, std::string_view command) {
  const auto newest_first = log | std::views::reverse;
  const auto found = std::ranges::find(newest_first, tracefs::trimmed(command), &ErrorLogEntry::command);
  if (found == newest_first.end())
    return std::nullopt;
  return *found;
}

}  // namespace fathom
