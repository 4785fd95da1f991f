#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/nearest_names.hpp>
#include <fathom/tracefs/function_filter.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

namespace fathom {

namespace {

// From here on, looking up line numbers is cheaper than having the kernel compare each name with all of its functions.
constexpr std::size_t kByIndexFrom = 16;

// schedule:traceoff:unlimited. `vfs_*:mod:ext4` is no command but a pattern that waits for its module.
bool is_command(std::string_view entry) {
  const auto colon = entry.find(':');
  return colon != std::string_view::npos && !entry.substr(colon).starts_with(":mod:");
}

bool waits_for_module(std::string_view entry) {
  return entry.find(":mod:") != std::string_view::npos;
}

// The kernel shows `schedule:traceoff:count=3` and `schedule:traceoff:unlimited` for what was written as
// `schedule:traceoff:3` and `schedule:traceoff`. Cut in two: the command and the count, empty for "unlimited".
struct Command {
  std::string_view what;
  std::string_view count;
};

Command cut_command(std::string_view entry) {
  const auto colon = entry.rfind(':');
  const std::string_view last = entry.substr(colon + 1);
  constexpr std::string_view kCount = "count=";
  if (last == "unlimited")
    return {entry.substr(0, colon), {}};
  if (last.starts_with(kCount))
    return {entry.substr(0, colon), last.substr(kCount.size())};
  if (tracefs::parse_number<unsigned long>(last))
    return {entry.substr(0, colon), last};
  return {entry, {}};
}

std::string to_add(const Command& command) {
  std::string text(command.what);
  if (!command.count.empty()) {
    text += ':';
    text += command.count;
  }
  return text;
}

std::string to_remove(std::string_view entry) {
  std::string text = "!";
  if (!is_command(entry))
    return text.append(entry.substr(0, entry.find(' ')));
  const Command command = cut_command(entry);
  text += command.what;
  if (!command.count.empty())
    text += ":0";  // any count does, but there must be one
  return text;
}

// `ext4_file_open [ext4]` -> `ext4_file_open`
std::string_view bare_name(std::string_view line) {
  return line.substr(0, line.find_first_of(" \t"));
}

struct Entries {
  std::vector<std::string> functions;  // sorted
  std::vector<Command> commands;
};

Entries sort_out(std::span<const std::string> list) {
  Entries entries;
  for (const std::string& entry : list) {
    if (is_command(entry))
      entries.commands.push_back(cut_command(entry));
    else
      entries.functions.push_back(entry);
  }
  std::ranges::sort(entries.functions);
  return entries;
}

bool has_command(const std::vector<Command>& commands, std::string_view what) {
  return std::ranges::find(commands, what, &Command::what) != commands.end();
}

// The line numbers of `functions` in available_filter_functions, from 1: what the kernel takes in place of names.
std::vector<std::string> indices_of(const std::vector<std::string>& functions, std::string_view available) {
  std::map<std::string_view, std::size_t> wanted;
  for (const std::string& function : functions)
    ++wanted[function];
  std::vector<std::string> indices;
  std::size_t number = 0;
  for (const std::string_view line : tracefs::lines_of(available)) {
    ++number;
    if (const auto found = wanted.find(line); found != wanted.end() && found->second > 0) {
      --found->second;
      indices.push_back(std::to_string(number));
    }
  }
  return indices;
}

std::string_view function_part(std::string_view pattern) {
  if (pattern.starts_with('!'))
    pattern.remove_prefix(1);
  return tracefs::trimmed(pattern.substr(0, pattern.find(':')));
}

bool matches_any(const std::string& glob, std::string_view available) {
  return std::ranges::any_of(tracefs::lines_of(available), [&](std::string_view line) {
    return ::fnmatch(glob.c_str(), std::string(bare_name(line)).c_str(), 0) == 0;
  });
}

// What the kernel does not say: which of the patterns it was, and why.
std::string explain(std::string_view pattern, std::string_view available) {
  if (matches_any(std::string(function_part(pattern)), available))
    return is_command(pattern) ? "there is such a function; is the command one of those in the file README?"
                               : "there is such a function, but it cannot be filtered here";
  std::string hint = "no function is called so";
  const std::vector<std::string> nearest = nearest_functions(function_part(pattern), available);
  for (std::size_t i = 0; i < nearest.size(); ++i)
    hint += (i == 0 ? "; nearest: " : ", ") + nearest[i];
  return hint + "; available_filter_functions lists all";
}

}  // namespace

// vfs_read
// ext4_file_open [ext4]
// *:mod:xfs
// schedule:traceoff:unlimited
std::vector<std::string> parse_function_filter(std::string_view text) {
  std::vector<std::string> entries;
  for (const std::string_view line : tracefs::lines_of(text)) {
    if (!line.empty() && !line.starts_with("####"))
      entries.emplace_back(line);
  }
  return entries;
}

std::vector<std::string> nearest_functions(std::string_view pattern, std::string_view available, std::size_t count) {
  NearestNames nearest(pattern, count);
  for (const std::string_view line : tracefs::lines_of(available))
    nearest.offer(bare_name(line));
  return nearest.names();
}

FunctionFilter::FunctionFilter(std::shared_ptr<TraceFiles> files, std::string path)
    : files_(std::move(files)), path_(std::move(path)) {}

std::vector<std::string> FunctionFilter::list() const {
  return parse_function_filter(files_->read(path_));
}

void FunctionFilter::set(std::span<const std::string> patterns) {
  write(patterns, WriteMode::truncate);
}

void FunctionFilter::add(std::string_view pattern) {
  const std::string one(pattern);
  write({&one, 1}, WriteMode::append);
}

void FunctionFilter::remove(std::string_view pattern) {
  const std::string one = to_remove(pattern);
  write({&one, 1}, WriteMode::append);
}

void FunctionFilter::clear() {
  write({}, WriteMode::truncate);
  for (const std::string& entry : list()) {
    if (is_command(entry))
      remove(entry);
  }
}

void FunctionFilter::restore(std::span<const std::string> entries) {
  const Entries wanted = sort_out(entries);
  if (sort_out(list()).functions != wanted.functions)
    restore_functions(wanted.functions);
  // While a pattern waits for its module the kernel does not show the commands, though they are there.
  if (std::ranges::any_of(wanted.functions, waits_for_module))
    return;
  const std::vector<std::string> present = list();
  const Entries now = sort_out(present);
  for (const std::string& entry : present) {
    if (is_command(entry) && !has_command(wanted.commands, cut_command(entry).what))
      remove(entry);
  }
  for (const Command& command : wanted.commands) {
    if (!has_command(now.commands, command.what))
      add(to_add(command));
  }
}

void FunctionFilter::restore_functions(const std::vector<std::string>& functions) {
  if (functions.size() >= kByIndexFrom) {
    try {
      set(indices_of(functions, files_->read("available_filter_functions")));
      if (sort_out(list()).functions == functions)
        return;
    } catch (const Error&) {
      // Not every filter file takes line numbers, nor does Linux before 5.1; names always do.
    }
  }
  std::vector<std::string> patterns;
  patterns.reserve(functions.size());
  for (const std::string& function : functions)
    patterns.emplace_back(bare_name(function));
  set(patterns);
}

void FunctionFilter::write(std::span<const std::string> patterns, WriteMode mode) {
  // An unfinished word would be acted upon at close only, where its error is lost.
  std::vector<std::string> texts;
  for (const std::string& pattern : patterns)
    texts.push_back(pattern + '\n');
  try {
    files_->write_each(path_, mode, texts);
  } catch (const Error& error) {
    if (error.code() != std::errc::invalid_argument)
      throw;
    std::string available;
    try {
      available = files_->read("available_filter_functions");
    } catch (const Error&) {
      throw error;  // the first is the better one
    }
    const auto culprit = std::ranges::find_if(patterns, [&](const std::string& pattern) {
      return !matches_any(std::string(function_part(pattern)), available);
    });
    const std::string& named = culprit == patterns.end() ? patterns.back() : *culprit;
    throw Error(error.code(), "write '" + named + "' to", files_->full_path(path_), explain(named, available));
  }
}

}  // namespace fathom
