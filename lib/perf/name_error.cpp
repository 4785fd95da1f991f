#include "name_error.hpp"

#include <fathom/base/nearest_names.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

namespace fathom::perf {

namespace {

constexpr std::size_t kFew = 16;

std::string list(std::string text, const std::vector<std::string>& names) {
  const char* separator = "";
  for (const std::string& name : names) {
    text += separator;
    text += name;
    separator = ", ";
  }
  return text;
}

}  // namespace

std::string nearest_hint(std::string_view name, const std::vector<std::string>& names) {
  NearestNames nearest(name);
  for (const std::string& offered : names)
    nearest.offer(offered);
  const auto found = nearest.names();
  if (!found.empty())
    return list("nearest: ", found);
  return names.empty() || names.size() > kFew ? std::string() : list("there are: ", names);
}

std::vector<std::string> file_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator file(folder, error), end; !error && file != end; file.increment(error))
    names.push_back(file->path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace fathom::perf
