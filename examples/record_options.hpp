#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace record {

/// The command line.
struct Options {
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> events;  // name or glob, and a filter or nothing
  std::optional<std::string> tracer;
  std::string output = "trace.dat";
  std::optional<unsigned> cpu_limit;  // percent of one CPU
  std::optional<std::uint64_t> buffer_size_kb;
  std::uint32_t version = 7;
  bool compress = false;
  bool all = false;  // tasks
  bool json = false;
  bool quiet = false;
};

/// Empty where --help or --version was asked for, and printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace record
