#include "module_names.hpp"

#include "tracefs/text.hpp"

#include <algorithm>

namespace fathom::symbols {

std::string module_name(std::string_view name) {
  std::string spelt(name);
  std::ranges::replace(spelt, '-', '_');
  return spelt;
}

ModuleNames parse_module_names(std::string_view text) {
  ModuleNames names;
  for (const std::string_view line : tracefs::lines_of(text)) {
    std::string_view file = line.substr(0, line.find(':'));
    if (const auto slash = file.rfind('/'); slash != std::string_view::npos)
      file.remove_prefix(slash + 1);
    if (const auto suffix = file.find(".ko"); suffix != std::string_view::npos && suffix != 0)
      names.insert(module_name(file.substr(0, suffix)));
  }
  return names;
}

}  // namespace fathom::symbols
