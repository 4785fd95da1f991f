#include <fathom/rawtrace/task_names.hpp>

namespace fathom {

void TaskNames::add(std::int32_t pid, std::string_view comm) {
  names_.insert_or_assign(pid, std::string(comm));
}

std::string_view TaskNames::find(std::int32_t pid) const noexcept {
  if (pid == 0)
    return "<idle>";
  const auto found = names_.find(pid);
  return found == names_.end() ? std::string_view("<...>") : std::string_view(found->second);
}

}  // namespace fathom
