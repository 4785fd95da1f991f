#include "text_field.hpp"

#include <fathom/output/function_stats_text.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>

namespace fathom {

namespace {

constexpr std::size_t kPercentWidth = 8;
constexpr std::size_t kCallsWidth = 11;
constexpr std::size_t kCutWidth = 8;

// "41.4", of what all functions took; nothing where that is nothing.
void append_percent(std::string& out, Duration part, Duration whole) {
  if (whole.count() <= 0) {
    output::append_column(out, "-", kPercentWidth);
    return;
  }
  const auto tenths = std::llround(1000.0 * static_cast<double>(part.count()) / static_cast<double>(whole.count()));
  std::string text(tenths < 0 ? "-" : "");
  const auto size = static_cast<std::uint64_t>(std::abs(tenths));
  output::append_number(text, size / 10);
  text += '.';
  output::append_number(text, size % 10);
  output::append_column(out, text, kPercentWidth);
}

void append_header(std::string& out) {
  out += '#';
  output::append_column(out, "SELF us", output::kTimeWidth - 1);
  output::append_column(out, "SELF %", kPercentWidth);
  output::append_column(out, "TOTAL us", output::kTimeWidth);
  output::append_column(out, "CALLS", kCallsWidth);
  output::append_column(out, "CUT", kCutWidth);
  for (const std::string_view title : {"MIN us", "P50 us", "P99 us", "MAX us"})
    output::append_column(out, title, output::kTimeWidth);
  out += "  FUNCTION\n";
}

void append_row(std::string& out, const FunctionStat& f, Duration whole, const FunctionStatsTextOptions& options) {
  output::append_microseconds_column(out, f.self, output::kTimeWidth);
  append_percent(out, f.self, whole);
  output::append_microseconds_column(out, f.total, output::kTimeWidth);
  output::append_number_column(out, f.calls, kCallsWidth);
  output::append_number_column(out, f.incomplete, kCutWidth);
  for (const Duration time : {f.min, f.p50, f.p99, f.max}) {
    if (f.timed == 0)
      output::append_column(out, "-", output::kTimeWidth);
    else
      output::append_microseconds_column(out, time, output::kTimeWidth);
  }
  out += "  ";
  output::append_function(out, f.name, f.module);
  if (const std::string remark = options.remark ? options.remark(f) : std::string(); !remark.empty()) {
    out += "  ";
    const output::Colored dim(out, output::kDim, options.color);
    output::append_printable(out, remark);
  }
  out += '\n';
}

}  // namespace

std::vector<const FunctionStat*> in_order(const FunctionStats& stats, FunctionOrder order) {
  std::vector<const FunctionStat*> rows;
  rows.reserve(stats.size());
  const auto take = [&rows](auto&& functions) {
    for (const FunctionStat& f : functions)
      rows.push_back(&f);
  };
  switch (order) {
    case FunctionOrder::self:
      take(stats.by_self_time());
      break;
    case FunctionOrder::total:
      take(stats.by_total_time());
      break;
    case FunctionOrder::calls:
      take(stats.by_calls());
      break;
    case FunctionOrder::name:
      take(stats.by_name());
      break;
  }
  return rows;
}

void append_text(std::string& out, const FunctionStats& stats, const FunctionStatsTextOptions& options) {
  {
    const output::Colored bold(out, output::kBold, options.color);
    append_header(out);
  }
  const std::vector<const FunctionStat*> rows = in_order(stats, options.order);
  const std::size_t shown = options.top == 0 ? rows.size() : std::min(options.top, rows.size());
  for (std::size_t i = 0; i < shown; ++i)
    append_row(out, *rows[i], stats.self(), options);

  out += "# ";
  output::append_count(out, rows.size(), "function, ", "functions, ");
  output::append_count(out, stats.calls(), "call, ", "calls, ");
  output::append_microseconds(out, stats.self());
  out += " us";
  if (shown < rows.size()) {
    out += "; not shown: ";
    output::append_count(out, rows.size() - shown, "function", "functions");
  }
  out += '\n';
}

void write_text(std::ostream& out, const FunctionStats& stats, const FunctionStatsTextOptions& options) {
  std::string text;
  append_text(text, stats, options);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace fathom
