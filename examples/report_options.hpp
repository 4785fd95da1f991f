#pragma once

#include <optional>
#include <string>

namespace report {

/// The command line.
struct Options {
  std::string file = "trace.dat";
  bool totals = false;
  bool json = false;
  bool quiet = false;
  std::optional<std::string> output;
};

/// Empty where --help or --version was asked for, and printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace report
