#include <fathom/rawtrace/task_names.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace fathom {

void TaskNames::add(std::int32_t pid, std::string_view comm) {
  names_.insert_or_assign(pid, std::string(comm));
}

// 1234 kworker/0:1
void TaskNames::add_saved_cmdlines(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::int32_t pid = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), pid);
    const auto digits = static_cast<std::size_t>(end - line.data());
    if (error == std::errc{} && digits < line.size() && *end == ' ')
      add(pid, line.substr(digits + 1));
  }
}

std::string_view TaskNames::find(std::int32_t pid) const noexcept {
  if (pid == 0)
    return "<idle>";
  const auto found = names_.find(pid);
  return found == names_.end() ? std::string_view("<...>") : std::string_view(found->second);
}

}  // namespace fathom
