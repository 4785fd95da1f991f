#pragma once

#include <optional>
#include <string>
#include <vector>

namespace whynot {

struct Options {
  std::vector<std::string> functions;
  std::optional<std::string> module;
  std::optional<std::string> kallsyms;
  std::optional<std::string> root;
  std::optional<std::string> vmlinux;
  bool json = false;
};

/// Empty where the command line asked for help or the version only, which is printed then. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace whynot
