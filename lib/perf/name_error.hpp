#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom::perf {

/// "nearest: a, b" of those that are like `name`; else all there are if they are few; else nothing.
[[nodiscard]] std::string nearest_hint(std::string_view name, const std::vector<std::string>& names);

/// The names in a folder, sorted; none if it cannot be read.
[[nodiscard]] std::vector<std::string> file_names(const std::string& folder);

}  // namespace fathom::perf
