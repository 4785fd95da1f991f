#pragma once

#include "common/output.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/output/function_stats_text.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace funcgraph {

/// The command line.
struct Options {
  // What to trace: one of these, or a duration.
  std::vector<std::string> command;
  std::vector<int> pids;
  std::optional<std::string> from;

  // What to record of it.
  std::vector<std::string> graph;
  std::vector<std::string> filter;
  std::vector<std::string> notrace;
  std::optional<unsigned> depth;
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<std::chrono::microseconds> threshold;
  std::optional<fathom::CpuSet> cpus;
  std::optional<std::uint64_t> buffer_size_kb;
  bool follow = true;
  bool text = false;

  // What to show.
  bool tree = false;
  bool stats = false;
  bool switches = false;
  bool json = false;
  fathom::FunctionOrder sort = fathom::FunctionOrder::self;
  std::size_t top = 0;  // 0: all
  std::optional<std::string> symbols;
  std::optional<std::string> output;
  examples::Color color = examples::Color::automatic;
  bool quiet = false;
};

/// Empty where --help or --version was asked for, and printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace funcgraph
