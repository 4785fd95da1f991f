#include <fathom/rawtrace/detail/saved_cmdline.hpp>
#include <fathom/rawtrace/task_names.hpp>

#include <algorithm>

namespace fathom {

void TaskNames::add(std::int32_t pid, std::string_view comm) {
  names_.insert_or_assign(pid, std::string(comm));
}

void TaskNames::add_saved_cmdlines(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (const auto parsed = detail::parse_saved_cmdline(line))
      add(parsed->pid, parsed->comm);
  }
}

std::string_view TaskNames::find(std::int32_t pid) const noexcept {
  if (pid == 0)
    return "<idle>";
  const auto found = names_.find(pid);
  return found == names_.end() ? std::string_view("<...>") : std::string_view(found->second);
}

}  // namespace fathom
