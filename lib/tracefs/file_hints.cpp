#include "file_hints.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

namespace fathom::tracefs {

namespace {

struct Feature {
  std::string_view file;
  std::string_view brought_by;
};

constexpr std::array<Feature, 25> kFeatures{{
    {"available_filter_functions", "CONFIG_DYNAMIC_FTRACE"},
    {"set_ftrace_filter", "CONFIG_DYNAMIC_FTRACE"},
    {"set_ftrace_notrace", "CONFIG_DYNAMIC_FTRACE"},
    {"set_ftrace_pid", "CONFIG_FUNCTION_TRACER"},
    {"set_ftrace_notrace_pid", "CONFIG_FUNCTION_TRACER and Linux 5.7"},
    {"set_event_notrace_pid", "Linux 5.7"},
    {"set_graph_function", "CONFIG_FUNCTION_GRAPH_TRACER, and not in an instance"},
    {"set_graph_notrace", "CONFIG_FUNCTION_GRAPH_TRACER, and not in an instance"},
    {"max_graph_depth", "CONFIG_FUNCTION_GRAPH_TRACER, and not in an instance"},
    {"tracing_thresh", "not in an instance"},
    {"tracing_max_latency", "a latency tracer: CONFIG_SCHED_TRACER, CONFIG_IRQSOFF_TRACER, CONFIG_HWLAT_TRACER"},
    {"snapshot", "CONFIG_TRACER_SNAPSHOT"},
    {"saved_cmdlines", "not in an instance"},
    {"saved_cmdlines_size", "not in an instance"},
    {"saved_tgids", "Linux 4.13, and not in an instance"},
    {"error_log", "Linux 5.2"},
    {"dynamic_events", "CONFIG_DYNAMIC_EVENTS and Linux 5.0, and not in an instance"},
    {"kprobe_events", "CONFIG_KPROBE_EVENTS, and not in an instance"},
    {"uprobe_events", "CONFIG_UPROBE_EVENTS, and not in an instance"},
    {"synthetic_events", "CONFIG_SYNTH_EVENTS, and not in an instance"},
    {"hist", "CONFIG_HIST_TRIGGERS"},
    {"buffer_percent", "Linux 5.0"},
    {"buffer_subbuf_size_kb", "Linux 6.8"},
    {"touched_functions", "Linux 6.4"},
    {"instances", "CONFIG_TRACING and Linux 3.10"},
}};

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The line "none [integrity] confidentiality": the word in brackets is in force.
std::string lockdown_state() {
  std::ifstream file("/sys/kernel/security/lockdown");
  std::string line;
  if (!std::getline(file, line))
    return {};
  const auto begin = line.find('[');
  const auto end = line.find(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    return {};
  return line.substr(begin + 1, end - begin - 1);
}

std::string not_permitted_hint() {
  const std::string hint = "the kernel refuses this even to root";
  const std::string lockdown = lockdown_state();
  if (lockdown.empty())
    return hint + ": it is locked down, or a capability is missing; boot with lockdown=none, or leave the container";
  if (lockdown == "none")
    return hint + ", and it is not locked down: a capability is missing, or it is a container";
  return hint + ": it is locked down (lockdown=" + lockdown + "); boot with lockdown=none, or without secure boot";
}

std::string busy_hint(std::string_view path) {
  if (file_name(path) == "trace_pipe")
    return "another program reads it; a trace_pipe has one reader";
  if (path.starts_with("instances/") && path.find('/', std::string_view("instances/").size()) == std::string_view::npos)
    return "somebody has one of its files open";
  return "another program uses it; end that first";
}

}  // namespace

std::string_view what_brings(std::string_view path) noexcept {
  const auto* const found = std::ranges::find(kFeatures, file_name(path), &Feature::file);
  return found == kFeatures.end() ? std::string_view{} : found->brought_by;
}

std::string file_hint(int errno_value, std::string_view path) {
  switch (errno_value) {
    case EACCES:
      return ::geteuid() == 0
                 ? "a security module or the file's mode forbids it"
                 : "tracefs belongs to root: run as root, or mount it for a group (mount -o remount,gid=GROUP)";
    case EPERM:
      return ::geteuid() == 0 ? not_permitted_hint() : "run as root";
    case EROFS:
      return "tracefs is mounted read-only: mount -o remount,rw";
    case EBUSY:
      return busy_hint(path);
    case ENODEV:
      return file_name(path) == "current_tracer" || path.find("ftrace") != std::string_view::npos
                 ? "ftrace has switched itself off after a bug in the kernel: see dmesg; only a reboot brings it back"
                 : "there is no such device, or its CPU is offline";
    case ENOMEM:
      return path.find("buffer") != std::string_view::npos ? "the kernel has no memory for a buffer of that size"
                                                           : "the kernel is out of memory";
    case ENOENT: {
      std::string hint = "this kernel has no such file here";
      const std::string_view brings = what_brings(path);
      if (!brings.empty()) {
        hint += "; it takes ";
        hint += brings;
      }
      return hint;
    }
    default:
      return {};
  }
}

}  // namespace fathom::tracefs
