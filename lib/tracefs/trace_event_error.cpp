#include "trace_event_error.hpp"

#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/error_log.hpp>

#include <algorithm>
#include <optional>
#include <ranges>
#include <vector>

namespace fathom::tracefs {

namespace {

// The kernel logs some commands without their first or last words, so one that stands in what was written will do.
std::optional<ErrorLogEntry> find_complaint(const std::vector<ErrorLogEntry>& log, std::string_view written) {
  if (auto entry = find_error(log, written))
    return entry;
  const auto newest_first = log | std::views::reverse;
  const auto found = std::ranges::find_if(newest_first, [&](const ErrorLogEntry& entry) {
    return !entry.command.empty() && written.find(entry.command) != std::string_view::npos;
  });
  return found == newest_first.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::string complaint_about(TraceFiles& files, std::string_view written, std::string_view prefix) {
  const std::string path = std::string(prefix) + "error_log";
  try {
    if (files.exists(path)) {
      if (const auto entry = find_complaint(parse_error_log(files.read(path)), trimmed(written)))
        return entry->describe();
    }
  } catch (const Error&) {
    // The rejection is what the caller must hear of, not that the reason cannot be read.
  }
  return {};
}

void write_explained(TraceFiles& files, std::string_view path, WriteMode mode, std::string_view text,
                     std::string_view prefix) {
  const std::string whole(text);
  try {
    files.write_each(path, mode, {&whole, 1});
  } catch (const Error& error) {
    const std::string complaint = complaint_about(files, text, prefix);
    if (complaint.empty())
      throw;
    throw Error(error.code(), error.action(), error.path(), complaint);
  }
}

}  // namespace fathom::tracefs
