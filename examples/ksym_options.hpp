#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ksym {

/// The command line.
struct Options {
  std::vector<std::string> queries;
  std::string types;  // letters; empty for all
  std::optional<std::string> section;
  std::optional<std::string> module;
  std::string kallsyms = "/proc/kallsyms";
  bool labels = true;
  bool json = false;
};

/// Nothing if --help or --version was all that was asked for. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace ksym
