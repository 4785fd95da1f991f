#include "setting.hpp"

#include "buffer_size.hpp"
#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/function_filter.hpp>
#include <fathom/tracefs/pid_filter.hpp>
#include <fathom/tracefs/trace_array.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_event_trigger.hpp>

#include <algorithm>
#include <array>

namespace fathom::tracefs {

namespace {

using namespace std::string_view_literals;

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view directory(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash + 1);
}

template <std::size_t Size>
bool is_one_of(std::string_view name, const std::array<std::string_view, Size>& names) {
  return std::ranges::find(names, name) != names.end();
}

// Data, orders, definitions that their makers take back.
constexpr std::array kNoSettings = {
    "trace"sv,         "trace_pipe"sv,       "trace_pipe_raw"sv, "trace_marker"sv,   "trace_marker_raw"sv,
    "error_log"sv,     "free_buffer"sv,      "snapshot"sv,       "dynamic_events"sv, "kprobe_events"sv,
    "uprobe_events"sv, "synthetic_events"sv, "inject"sv};
constexpr std::array kFunctionFilters = {"set_ftrace_filter"sv, "set_ftrace_notrace"sv, "set_graph_function"sv,
                                         "set_graph_notrace"sv};
constexpr std::array kPidFilters = {"set_ftrace_pid"sv, "set_ftrace_notrace_pid"sv, "set_event_pid"sv,
                                    "set_event_notrace_pid"sv};

// events/enable, events/SYSTEM/enable and events/SYSTEM/filter stand for many events.
bool stands_for_many_events(std::string_view path) {
  return path.starts_with("events/") && std::ranges::count(path, '/') < 3;
}

// instances/NAME/options/OPTION: up to Linux 6.17 it may be the top level's too.
bool is_option_of_instance(std::string_view path) {
  return path.starts_with("instances/") && directory(path).ends_with("/options/");
}

// `no pid`, and no line at all for events, mean every task; but no line is also what is left when each task of a filter
// has ended, which means none.
void restore_pids(const std::shared_ptr<TraceFiles>& files, const std::string& path, std::string_view saved) {
  PidFilter filter(files, path);
  const std::vector<int> wanted = parse_pids(saved);
  if (wanted.empty() || filter.list() != wanted)
    filter.set(wanted);
}

void restore_options(TraceArray array, std::string_view saved) {
  for (const TraceOption& wanted : parse_trace_options(saved)) {
    const auto now = array.option(wanted.name);
    if (now && *now != wanted.on)
      array.set_option(wanted.name, wanted.on);
  }
}

// sched:sched_switch, a line each. `!` in front takes one away.
void restore_enabled_events(const std::shared_ptr<TraceFiles>& files, const std::string& path, std::string_view saved) {
  const std::string text = files->read(path);
  const auto now = lines_of(text);
  const auto wanted = lines_of(saved);
  std::vector<std::string> changes;
  for (const std::string_view event : now) {
    if (std::ranges::find(wanted, event) == wanted.end())
      changes.push_back('!' + std::string(event) + '\n');
  }
  for (const std::string_view event : wanted) {
    if (std::ranges::find(now, event) == now.end())
      changes.push_back(std::string(event) + '\n');
  }
  if (!changes.empty())
    files->write_each(path, WriteMode::append, changes);
}

// The kernel cannot read every histogram as it prints it; then all triggers go, and those that are wanted come back.
void restore_triggers(const std::shared_ptr<TraceFiles>& files, const std::string& path, std::string_view saved) {
  const std::vector<EventTrigger> wanted = parse_event_triggers(saved);
  const std::string event_directory(directory(path).substr(0, directory(path).size() - 1));
  const auto slash = event_directory.rfind('/');
  const std::string system(file_name(event_directory.substr(0, slash)));
  TraceEvent event(files, {}, {system, event_directory.substr(slash + 1)});
  const auto is_unwanted = [&](const EventTrigger& trigger) {
    return std::ranges::find(wanted, trigger) == wanted.end();
  };
  try {
    for (const EventTrigger& trigger : event.triggers()) {
      if (is_unwanted(trigger))
        event.remove_trigger(trigger);
    }
  } catch (const Error&) {
    event.clear_triggers();
  }
  const std::vector<EventTrigger> now = event.triggers();
  for (const EventTrigger& trigger : wanted) {
    if (std::ranges::find(now, trigger) == now.end())
      event.add_trigger(trigger.definition());
  }
}

void restore_size(const std::shared_ptr<TraceFiles>& files, const std::string& path, std::string_view saved) {
  const auto wanted = parse_buffer_size_kb(saved);
  if (wanted && parse_buffer_size_kb(files->read(path)) != wanted)
    files->write(path, std::to_string(*wanted) + '\n');
}

// What the kernel shows, as the kernel takes it.
std::string as_written(std::string_view path, std::string_view shown) {
  const std::string_view value = trimmed(shown);
  const std::string_view name = file_name(path);
  if (name == "trace_clock") {
    const auto open = value.find('[');
    return std::string(value.substr(open + 1, value.find(']') - open - 1));
  }
  if (path.starts_with("events/") && name == "enable")
    return std::string(value.substr(0, 1));  // `1*`: enabled, and by a trigger too
  if (path.starts_with("events/") && name == "filter")
    return value == "none" ? "0" : std::string(value);
  return std::string(value);
}

}  // namespace

bool is_top_level_setting(std::string_view path) {
  if (is_one_of(file_name(path), kNoSettings))
    return false;
  return !path.starts_with("instances/") || is_option_of_instance(path);
}

std::vector<std::string> settings_behind(TraceFiles& files, std::string_view path) {
  const std::string own(path);
  if (is_option_of_instance(path))
    return {"options/" + std::string(file_name(path))};
  if (path == "current_tracer")
    return {own, "tracing_max_latency"};  // a latency tracer begins anew at 0
  if (stands_for_many_events(path) && file_name(path) == "enable")
    return {"set_event"};
  if (path.starts_with("events/") && file_name(path) == "trigger")
    return {"trace_clock", own};  // a histogram of times sets the clock, and nobody sets it back
  std::vector<std::string> all;
  if (stands_for_many_events(path) && file_name(path) == "filter") {
    for (const std::string& event : files.list(directory(path).substr(0, directory(path).size() - 1)))
      all.push_back(std::string(directory(path)) + event + "/filter");
    std::erase_if(all, [&](const std::string& file) { return !files.exists(file); });
    return all;
  }
  if (path == "buffer_size_kb" && !parse_buffer_size_kb(files.read(path))) {
    for (const std::string& cpu : files.list("per_cpu"))
      all.push_back("per_cpu/" + cpu + "/buffer_size_kb");
    return all;
  }
  return {own};
}

void restore_setting(const std::shared_ptr<TraceFiles>& files, const std::string& path, std::string_view saved) {
  const std::string_view name = file_name(path);
  if (is_one_of(name, kFunctionFilters))
    FunctionFilter(files, path).restore(parse_function_filter(saved));
  else if (is_one_of(name, kPidFilters))
    restore_pids(files, path, saved);
  else if (name == "trace_options")
    restore_options(TraceArray(files, ""), saved);
  else if (name == "set_event")
    restore_enabled_events(files, path, saved);
  else if (name == "trigger")
    restore_triggers(files, path, saved);
  else if (name == "buffer_size_kb")
    restore_size(files, path, saved);
  else if (const std::string wanted = as_written(path, saved); as_written(path, files->read(path)) != wanted)
    files->write(path, wanted + '\n');
}

}  // namespace fathom::tracefs
