#include "kernel_functions.hpp"

#include "target_names.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/glob.hpp>
#include <fathom/base/nearest_names.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace fathom::bpf {

namespace {

// ffffffff81000000 T _stext
std::string_view function_of_kallsyms(std::string_view line) {
  const std::size_t type = line.find(' ');
  if (type == std::string_view::npos || type + 3 >= line.size() ||
      std::string_view("tTwW").find(line[type + 1]) == std::string_view::npos)
    return {};
  line.remove_prefix(type + 3);
  return line.substr(0, line.find('\t'));
}

std::string filter_file(const std::string& tracefs) {
  return tracefs + "/available_filter_functions";
}

// netfs_write_begin [netfs]
template <class Take>
bool for_each_traceable(const std::string& tracefs, Take take) {
  std::ifstream file(filter_file(tracefs));
  if (!file)
    return false;
  for (std::string line; std::getline(file, line);) {
    const std::string_view name = std::string_view(line).substr(0, line.find(' '));
    // What ftrace prints where it has no name (Linux 5.18, kernel/trace/ftrace.c, print_rec): no function.
    if (!name.starts_with("__ftrace_invalid_address___"))
      take(name);
  }
  return true;
}

}  // namespace

KernelNames find_kernel_function(const std::string& kallsyms, std::string_view name) {
  KernelNames found;
  NearestNames nearest(name);
  std::ifstream file(kallsyms);
  for (std::string line; std::getline(file, line);) {
    const std::string_view function = function_of_kallsyms(line);
    if (function.empty())
      continue;
    if (function == name)
      ++found.count;
    else
      nearest.offer(function);
  }
  found.nearest = nearest_names_hint(nearest);
  return found;
}

std::vector<std::string> traceable_functions(const std::string& tracefs, std::string_view pattern) {
  std::vector<std::string> names;
  errno = 0;
  const bool read = for_each_traceable(tracefs, [&](std::string_view name) {
    if (matches_glob(pattern, name))
      names.emplace_back(name);
  });
  if (!read)
    throw Error(errno != 0 ? errno : EIO, "read", filter_file(tracefs));
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

std::string missing_functions(const std::string& tracefs, const std::vector<std::string>& names) {
  std::unordered_set<std::string_view> missing(names.begin(), names.end());
  if (!for_each_traceable(tracefs, [&](std::string_view name) { missing.erase(name); }) || missing.empty())
    return {};
  const auto first = std::ranges::find_if(names, [&](const std::string& name) { return missing.contains(name); });
  NearestNames nearest(*first);
  for_each_traceable(tracefs, [&](std::string_view name) { nearest.offer(name); });
  return "ftrace can trace no function '" + *first + '\'' +
         (missing.size() > 1 ? " (and " + std::to_string(missing.size() - 1) + " more)" : std::string()) +
         nearest_names_hint(nearest);
}

}  // namespace fathom::bpf
