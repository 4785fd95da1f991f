#pragma once

#include "program.hpp"
#include "seconds.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <string>

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

/// An option for a length of time, which parse_seconds() reads.
inline CLI::Option* add_seconds(CLI::App& app, const std::string& name, std::optional<std::chrono::nanoseconds>& time,
                                const std::string& help) {
  const std::string shown = name.substr(name.rfind(',') + 1);
  return app
      .add_option_function<std::string>(
          name, [&time, shown](const std::string& text) { time = parse_seconds(shown, text); }, help)
      ->type_name("SECONDS");
}

}  // namespace examples
