#include "function_list.hpp"

#include "tracefs/text.hpp"

#include <algorithm>
#include <utility>

namespace fathom::symbols {

void FunctionList::parse_names(std::string&& text) {
  // Functions that the linker replaced by others of their name stand as offsets (Linux 5.19): nothing to ask for.
  constexpr std::string_view kReplaced = "__ftrace_invalid_address___";
  text_ = std::move(text);
  const std::string_view all = text_;
  names_.reserve(static_cast<std::size_t>(std::ranges::count(all, '\n')));
  for (const std::string_view line : tracefs::lines_of(all)) {
    const auto space = line.find(' ');
    const std::string_view name = line.substr(0, space);
    if (name.empty() || name.starts_with(kReplaced))
      continue;
    std::string_view module;
    if (const auto open = line.find('['); open != std::string_view::npos && line.ends_with(']'))
      module = line.substr(open + 1, line.size() - open - 2);
    ++names_[name][module];
  }
}

void FunctionList::parse_addresses(std::string_view text) {
  for (const std::string_view line : tracefs::lines_of(text)) {
    if (const auto address = tracefs::parse_number<std::uint64_t>(line.substr(0, line.find(' ')), 16))
      addresses_.push_back(*address);
  }
  std::ranges::sort(addresses_);
}

std::size_t FunctionList::count(std::string_view name, std::string_view module) const {
  const auto found = names_.find(name);
  if (found == names_.end())
    return 0;
  const auto in_module = found->second.find(module);
  return in_module == found->second.end() ? 0 : in_module->second;
}

std::size_t FunctionList::count(std::string_view name) const {
  const auto found = names_.find(name);
  std::size_t sum = 0;
  if (found != names_.end()) {
    for (const auto& [module, count] : found->second)
      sum += count;
  }
  return sum;
}

bool FunctionList::site_within(std::uint64_t begin, std::uint64_t end) const noexcept {
  const auto first = std::ranges::lower_bound(addresses_, begin);
  return first != addresses_.end() && *first < end;
}

}  // namespace fathom::symbols
