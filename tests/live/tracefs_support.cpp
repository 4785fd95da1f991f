#include "tracefs_support.hpp"

#include <fathom/base/error.hpp>

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace fathom::live {

namespace {

struct Exclusion {
  const char* pattern;  // fnmatch of the path relative to the root, or of a path below instances/NAME/
  const char* reason;
};

constexpr std::array kExclusions{
    Exclusion{"trace", "contents of the buffer"},
    Exclusion{"trace_pipe", "contents of the buffer; reading takes them out and blocks"},
    Exclusion{"trace_marker*", "takes data"},
    Exclusion{"free_buffer", "an order: closing it frees the buffer"},
    Exclusion{"snapshot", "contents of the spare buffer; whether it has memory is compared apart"},
    Exclusion{"per_cpu/*/trace*", "contents of the buffer"},
    Exclusion{"per_cpu/*/snapshot*", "contents of the spare buffer"},
    Exclusion{"per_cpu/*/stats", "counts what was traced"},
    Exclusion{"buffer_meta", "describes the buffer's memory"},
    Exclusion{"per_cpu/*/buffer_meta", "describes the buffer's memory"},
    Exclusion{"error_log", "the last mistakes of anybody"},
    Exclusion{"saved_cmdlines", "names of tasks that were traced"},
    Exclusion{"saved_tgids", "processes of tasks that were traced"},
    Exclusion{"touched_functions", "every function that was ever traced since boot"},
    Exclusion{"available_filter_functions*", "what the kernel has; changes as modules come"},
    Exclusion{"dyn_ftrace_total_info", "counts what the kernel has"},
    Exclusion{"kprobe_profile", "counts hits"},
    Exclusion{"uprobe_profile", "counts hits"},
    Exclusion{"trace_stat/*", "statistics of the function profiler and the block layer"},
    Exclusion{"printk_formats", "what the kernel has; changes as modules come"},
    Exclusion{"events/*/format", "what the kernel has"},
    Exclusion{"events/*/id", "what the kernel has"},
    Exclusion{"events/*/hist*", "what a histogram counted"},
    Exclusion{"events/*/inject", "takes data"},
    Exclusion{"events/header_*", "what the kernel has"},
};

bool is_excluded(const std::string& path) {
  return std::ranges::any_of(
      kExclusions, [&](const Exclusion& exclusion) { return ::fnmatch(exclusion.pattern, path.c_str(), 0) == 0; });
}

std::string below_instance(const std::string& path) {
  constexpr std::string_view kInstances = "instances/";
  if (!path.starts_with(kInstances))
    return path;
  const auto slash = path.find('/', kInstances.size());
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_boot_size(const std::string& value) {
  return value.find("(expanded: ") != std::string::npos;
}

}  // namespace

std::string function_tracers_refused(const TraceFs& tracefs) {
  if (!tracefs.has_tracer(Tracer::function_graph))
    return "this kernel has no tracer function_graph";
  try {
    static_cast<void>(tracefs.ftrace_filter().list());
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

std::map<std::string, std::string> read_settings(const TraceFs& tracefs, Walk walk) {
  namespace fs = std::filesystem;
  const fs::path root = tracefs.files()->root();
  std::map<std::string, std::string> settings;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string path = entry->path().lexically_relative(root).string();
    const std::string own = below_instance(path);
    if (entry->is_directory()) {
      settings[path] = "a directory";
      if (own == "events" && walk == Walk::without_events)
        entry.disable_recursion_pending();
    } else if (!is_excluded(own)) {
      settings[path] = read_file(entry->path());
    }
  }
  if (tracefs.has("snapshot"))
    settings["snapshot has memory"] = tracefs.snapshot().allocated() ? "yes" : "no";
  return settings;
}

std::string difference(const std::map<std::string, std::string>& before,
                       const std::map<std::string, std::string>& after) {
  std::string lines;
  const auto tell = [&](const std::string& path, std::string_view was, std::string_view is) {
    constexpr std::size_t kShown = 1000;
    lines += path;
    lines.append(": was '").append(was.substr(0, kShown)).append("', is '").append(is.substr(0, kShown)).append("'\n");
  };
  const auto top_level_size = before.find("buffer_size_kb");
  const bool was_boot_size = top_level_size != before.end() && is_boot_size(top_level_size->second);
  for (const auto& [path, value] : before) {
    const auto now = after.find(path);
    const bool is_size = path.ends_with("buffer_size_kb") || path.ends_with("buffer_total_size_kb");
    if (now == after.end())
      tell(path, value, "gone");
    else if (now->second != value && !(is_size && was_boot_size))
      tell(path, value, now->second);
  }
  for (const auto& [path, value] : after) {
    if (!before.contains(path))
      tell(path, "not there", value);
  }
  return lines;
}

void work() {
  for (int i = 0; i < 50; ++i) {
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line)) {
    }
  }
}

}  // namespace fathom::live
