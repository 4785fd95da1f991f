#pragma once

#include <fathom/graph/function_stats.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace fathom {

/// What a table of functions is sorted by: highest first, but names from a to z.
enum class FunctionOrder : std::uint8_t { self, total, calls, name };

/// The functions in that order. Pointers into `stats`, good for as long as it.
[[nodiscard]] std::vector<const FunctionStat*> in_order(const FunctionStats& stats, FunctionOrder order);
std::vector<const FunctionStat*> in_order(const FunctionStats&&, FunctionOrder) = delete;

/// How a table of functions is written.
struct FunctionStatsTextOptions {
  FunctionOrder order = FunctionOrder::self;  ///< what comes first
  /// The first so many only, and a line that says how many more there are; 0 for all.
  std::size_t top = 0;
  /// With terminal colours (ECMA-48).
  bool color = false;
  /// What is to stand behind a function's name, such as what a KallsymsIndex knows of it; nothing where it gives an
  /// empty text. Called once for each row that is written. What it throws passes through.
  std::function<std::string(const FunctionStat&)> remark = {};
};

/// The functions of a trace as a table, a line each.
///
///     write_text(std::cout, function_stats(forest), {.order = FunctionOrder::calls, .top = 10});
///
/// What is written:
///
///     #     SELF us  SELF %    TOTAL us      CALLS     CUT      MIN us      P50 us      P99 us      MAX us  FUNCTION
///          6686.912    41.4   12846.340        117       0       9.870      53.201     641.114     641.114  vfs_read
///     # 217 functions, 1603 calls, 16142.800 us
///
/// Times are in microseconds, to the nanosecond. SELF and TOTAL are `FunctionStat::self` and `total`; SELF % is the
/// part of the time of all functions. CUT counts the calls whose return the trace does not show, which are in no other
/// column.
///
/// Pure; distinct calls may run in distinct threads. What the stream throws passes through.
void write_text(std::ostream& out, const FunctionStats& stats, const FunctionStatsTextOptions& options = {});
/// The same, onto a string.
void append_text(std::string& out, const FunctionStats& stats, const FunctionStatsTextOptions& options = {});

}  // namespace fathom
