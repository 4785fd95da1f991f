#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom::bpf {

/// How many functions of that name a file like /proc/kallsyms has, and which are near.
struct KernelNames {
  std::size_t count = 0;
  std::string nearest{};  ///< "; nearest: a, b", or empty
};

/// Looks for a function in such a file; nothing found if it cannot be read.
[[nodiscard]] KernelNames find_kernel_function(const std::string& kallsyms, std::string_view name);

/// The functions that ftrace can trace, each name once, that fit the glob: `available_filter_functions` below
/// `tracefs`. Throws Error.
[[nodiscard]] std::vector<std::string> traceable_functions(const std::string& tracefs, std::string_view pattern);

/// Which of the names ftrace cannot trace, with the nearest that it can: "no function 'a'; nearest: b". Empty if all
/// can be, or if the file cannot be read.
[[nodiscard]] std::string missing_functions(const std::string& tracefs, const std::vector<std::string>& names);

}  // namespace fathom::bpf
