#include "text.hpp"
#include "trace_event_error.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/nearest_names.hpp>
#include <fathom/tracefs/hist_table.hpp>
#include <fathom/tracefs/trace_array.hpp>
#include <fathom/tracefs/trace_event.hpp>

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace fathom {

namespace {

// What clears a filter, and what its file says then.
constexpr std::string_view kClearFilter = "0\n";
constexpr std::string_view kNoFilter = "none";

bool has_glob(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

bool glob_matches(const std::string& glob, const std::string& text) {
  return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

// A pattern in its two halves; a system alone means all of its events.
EventName split_pattern(std::string_view pattern) {
  const auto colon = pattern.find(':');
  if (colon == std::string_view::npos)
    return {std::string(pattern), "*"};
  return {std::string(pattern.substr(0, colon)), std::string(pattern.substr(colon + 1))};
}

// A name alone may be that of a system, or of an event.
std::string nearest_hint(std::string_view name, const std::vector<EventName>& events) {
  NearestNames nearest(name);
  for (const EventName& event : events) {
    nearest.offer(event.str());
    if (name.find_first_of(":/") == std::string_view::npos)
      nearest.offer(event.system);
  }
  std::string hint;
  for (const std::string& near : nearest.names())
    hint += (hint.empty() ? "nearest: " : ", ") + near;
  return hint.empty() ? "available_events lists them" : hint;
}

// prev_pid == 1
//
// or, where the last filter was rejected, that filter, a caret below it, and a line `parse_error: Field not found`.
std::optional<std::string> parse_filter(std::string_view text) {
  const std::string_view filter = tracefs::trimmed(text);
  if (filter.empty() || filter == kNoFilter || filter.find("\nparse_error:") != std::string_view::npos)
    return std::nullopt;
  return std::string(filter);
}

// The kernel takes an empty text for a filter like any other, and says "Invalid argument" or nothing.
void require_filter(std::string_view filter, const std::string& path) {
  if (tracefs::trimmed(filter).empty())
    throw Error(std::errc::invalid_argument, "set an empty filter in", path, "to take the filter away, clear it");
}

void restore_filter(TraceFiles& files, const std::string& path, const std::optional<std::string>& filter) {
  files.write(path, filter ? *filter + '\n' : std::string(kClearFilter));
}

}  // namespace

std::optional<EventName> parse_event_name(std::string_view text) {
  const auto separator = text.find_first_of(":/");
  if (separator == std::string_view::npos)
    return std::nullopt;
  EventName name{std::string(text.substr(0, separator)), std::string(text.substr(separator + 1))};
  const auto is_plain = [](const std::string& part) {
    return !part.empty() && part.find_first_of(":/ \t\n") == std::string::npos;
  };
  // "." and ".." would be a way out of events/.
  if (!is_plain(name.system) || !is_plain(name.event) || name.system.front() == '.' || name.event.front() == '.')
    return std::nullopt;
  return name;
}

std::vector<EventName> parse_event_names(std::string_view text) {
  std::vector<EventName> names;
  for (const std::string_view line : tracefs::lines_of(text)) {
    if (auto name = parse_event_name(tracefs::trimmed(line)))
      names.push_back(std::move(*name));
  }
  return names;
}

TraceEvent::TraceEvent(std::shared_ptr<TraceFiles> files, std::string prefix, EventName name)
    : files_(std::move(files)), prefix_(std::move(prefix)), name_(std::move(name)) {}

std::string TraceEvent::path(std::string_view file) const {
  std::string path = prefix_ + "events/" + name_.system + '/' + name_.event;
  if (!file.empty()) {
    path += '/';
    path += file;
  }
  return path;
}

bool TraceEvent::exists() const {
  return files_->is_directory(path({}));
}

std::uint32_t TraceEvent::id() const {
  const auto number = tracefs::parse_number<std::uint32_t>(tracefs::trimmed(files_->read(path("id"))));
  if (!number)
    throw Error(std::errc::bad_message, "find the event's number in", files_->full_path(path("id")));
  return *number;
}

std::string TraceEvent::format() const {
  return files_->read(path("format"));
}

bool TraceEvent::enabled() const {
  // "1*" is on, with a trigger that can switch it; "0*" is off, and only its triggers see it.
  return files_->read(path("enable")).starts_with('1');
}

void TraceEvent::set_enabled(bool on) {
  files_->write(path("enable"), on ? "1\n" : "0\n");
}

std::optional<std::string> TraceEvent::filter() const {
  return parse_filter(files_->read(path("filter")));
}

void TraceEvent::set_filter(std::string_view filter) {
  require_filter(filter, files_->full_path(path("filter")));
  const std::optional<std::string> before = this->filter();
  try {
    tracefs::write_explained(*files_, path("filter"), WriteMode::truncate, std::string(filter) + '\n', prefix_);
  } catch (const Error&) {
    // The kernel puts a rejected filter in the place of the old one, and filters nothing.
    restore_filter(*files_, path("filter"), before);
    throw;
  }
}

void TraceEvent::clear_filter() {
  files_->write(path("filter"), kClearFilter);
}

std::vector<EventTrigger> TraceEvent::triggers() const {
  return parse_event_triggers(files_->read(path("trigger")));
}

// Append, always: opening a trigger file with O_TRUNC takes all its histograms away.
void TraceEvent::add_trigger(std::string_view definition) {
  tracefs::write_explained(*files_, path("trigger"), WriteMode::append, std::string(definition) + '\n', prefix_);
}

void TraceEvent::remove_trigger(std::string_view definition) {
  tracefs::write_explained(*files_, path("trigger"), WriteMode::append, '!' + std::string(definition) + '\n', prefix_);
}

void TraceEvent::clear_triggers() {
  // The kernel cannot read each histogram's description as it prints it (`sort=pid.hex.descending`), but truncating the
  // file takes them all away.
  files_->write(path("trigger"), {});
  for (const EventTrigger& trigger : triggers())
    remove_trigger(trigger);
}

bool TraceEvent::has_hist() const {
  return files_->exists(path("hist"));
}

HistFile TraceEvent::read_hist() const {
  if (exists() && !has_hist())
    throw UnsupportedError("hist triggers", files_->full_path(path("hist")), "it takes CONFIG_HIST_TRIGGERS");
  return parse_hist(files_->read(path("hist")));
}

TraceEvents::TraceEvents(const TraceArray& array) : TraceEvents(array.files(), array.prefix()) {}

TraceEvents::TraceEvents(std::shared_ptr<TraceFiles> files, std::string prefix)
    : files_(std::move(files)), prefix_(std::move(prefix)) {}

std::vector<EventName> TraceEvents::list() const {
  // An instance has no such file, and the same events.
  return parse_event_names(files_->read("available_events"));
}

std::vector<std::string> TraceEvents::systems() const {
  std::vector<std::string> systems;
  for (EventName& name : list())
    systems.push_back(std::move(name.system));
  std::ranges::sort(systems);
  const auto repeated = std::ranges::unique(systems);
  systems.erase(repeated.begin(), repeated.end());
  return systems;
}

std::vector<EventName> TraceEvents::match(std::string_view pattern) const {
  const EventName globs = split_pattern(pattern);
  std::vector<EventName> names = list();
  std::erase_if(names, [&](const EventName& name) {
    return !glob_matches(globs.system, name.system) || !glob_matches(globs.event, name.event);
  });
  return names;
}

std::vector<EventName> TraceEvents::match_some(std::string_view pattern) const {
  std::vector<EventName> names = match(pattern);
  if (names.empty()) {
    const bool is_name = !has_glob(pattern) && parse_event_name(pattern);
    throw Error(ENOENT, is_name ? "find the event" : "find an event like", pattern, nearest_hint(pattern, list()));
  }
  return names;
}

TraceEvent TraceEvents::event(std::string_view name) const {
  const auto parsed = parse_event_name(name);
  if (!parsed)
    throw Error(std::errc::invalid_argument, "take '" + std::string(name) + "' as the name of an event", {},
                "it looks like sched:sched_switch");
  TraceEvent event = this->event(*parsed);
  if (!event.exists())
    throw Error(ENOENT, "find the event", parsed->str(), nearest_hint(parsed->str(), list()));
  return event;
}

std::vector<EventName> TraceEvents::enabled() const {
  return parse_event_names(files_->read(prefix_ + "set_event"));
}

EventState TraceEvents::state(std::string_view system) const {
  std::string path = prefix_ + "events/";
  if (!system.empty())
    path += std::string(system) + '/';
  const std::string text = files_->read(path + "enable");
  if (text.starts_with('0'))
    return EventState::off;
  if (text.starts_with('1'))
    return EventState::on;
  return text.starts_with('X') ? EventState::some : EventState::none;
}

void TraceEvents::set_enabled(std::string_view pattern, bool on) {
  const EventName globs = split_pattern(pattern);
  const std::string_view value = on ? "1\n" : "0\n";
  const std::string root = prefix_ + "events/";
  // The kernel has switches for all and for a system; globs it has not.
  if (globs.event == "*" && globs.system == "*") {
    files_->write(root + "enable", value);
    return;
  }
  if (globs.event == "*" && !has_glob(globs.system) && files_->exists(root + globs.system + "/enable")) {
    files_->write(root + globs.system + "/enable", value);
    return;
  }
  for (const EventName& name : match_some(pattern))
    event(name).set_enabled(on);
}

void TraceEvents::set_system_filter(std::string_view system, std::string_view filter) {
  const std::string path = prefix_ + "events/" + std::string(system) + "/filter";
  require_filter(filter, files_->full_path(path));
  std::vector<std::pair<TraceEvent, std::optional<std::string>>> before;
  for (const EventName& name : match(system)) {
    const TraceEvent one = event(name);
    before.emplace_back(one, one.filter());
  }
  try {
    tracefs::write_explained(*files_, path, WriteMode::truncate, std::string(filter) + '\n', prefix_);
    // The kernel says yes to a filter that none of the events can use, and then filters nothing.
    const bool is_used = std::ranges::any_of(before, [](const auto& b) { return b.first.filter().has_value(); });
    if (!is_used)
      throw Error(std::errc::invalid_argument, "set the filter '" + std::string(filter) + "' in",
                  files_->full_path(path), tracefs::complaint_about(*files_, filter, prefix_));
  } catch (const Error&) {
    files_->write(path, kClearFilter);
    for (auto& [one, old] : before) {
      if (old)
        one.set_filter(*old);
    }
    throw;
  }
}

void TraceEvents::clear_system_filter(std::string_view system) {
  files_->write(prefix_ + "events/" + std::string(system) + "/filter", kClearFilter);
}

}  // namespace fathom
