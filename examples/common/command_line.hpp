#pragma once

#include "program.hpp"

#include <CLI/CLI.hpp>

#include <limits>

namespace examples {

/// Reads the command line; false where --help or --version was asked for, and was printed. Throws UsageError.
inline bool parse(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& printed) {
    app.exit(printed);
    return false;
  } catch (const CLI::ParseError& e) {
    throw UsageError(e.what());
  }
  return true;
}

/// From 1 on: CLI11's own names its upper end with 300 digits.
inline CLI::Range positive() {
  return {1, std::numeric_limits<int>::max()};
}

/// A length of time in seconds, from a millisecond on.
inline CLI::Range seconds() {
  return {0.001, 1e9};
}

}  // namespace examples
