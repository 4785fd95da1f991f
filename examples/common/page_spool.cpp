#include "common/page_spool.hpp"

#include "common/nameless_file.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace examples {

namespace {

constexpr unsigned kMode = 0600;

}  // namespace

PageSpool::PageSpool(std::string directory, std::string hint)
    : directory_(std::move(directory)), hint_(std::move(hint)) {
  static_cast<void>(nameless_file(directory_, kMode, hint_));
}

int PageSpool::file(unsigned cpu) {
  const auto found = files_.find(cpu);
  if (found != files_.end())
    return found->second.get();
  return files_.emplace(cpu, nameless_file(directory_, kMode, hint_)).first->second.get();
}

std::vector<std::string> PageSpool::keep(const std::string& prefix) const {
  std::vector<std::string> names;
  for (const auto& [cpu, file] : files_) {
    const std::string first = prefix + std::to_string(cpu);
    std::string name = first;
    for (unsigned i = 1; !give_name(file.get(), name); ++i)
      name = first + '.' + std::to_string(i);
    names.push_back(std::move(name));
  }
  return names;
}

std::string folder_for_pages() {
  if (const char* const chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
      chosen != nullptr && *chosen != '\0')
    return chosen;
  std::error_code ignored;
  return std::filesystem::is_directory("/var/tmp", ignored) ? "/var/tmp" : "/tmp";
}

}  // namespace examples
