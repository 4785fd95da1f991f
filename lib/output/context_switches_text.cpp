#include "text_field.hpp"

#include <fathom/output/context_switches_text.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

namespace {

constexpr std::size_t kPartWidth = 10;

constexpr std::array<std::pair<SwitchPart, std::string_view>, 5> kParts{{
    {SwitchPart::total, "total"},
    {SwitchPart::off_cpu, "off_cpu"},
    {SwitchPart::cost, "cost"},
    {SwitchPart::before, "before"},
    {SwitchPart::after, "after"},
}};

void append_counts(std::string& out, const ContextSwitches& switches) {
  out += "# ";
  output::append_count(out, switches.all().size(), "context switch", "context switches");
  const std::array<std::pair<std::uint64_t, std::string_view>, 4> others{{
      {switches.unattributed(), " outside any traced call of the scheduler"},
      {switches.unfinished(), " whose return is not in the trace"},
      {switches.first_runs(), " first runs of a task"},
      {switches.without_switch(), " calls of the scheduler without a switch"},
  }};
  for (const auto& [count, what] : others) {
    if (count == 0)
      continue;
    out += "; ";
    output::append_number(out, count);
    out += what;
  }
  out += '\n';
  const auto bounds =
      std::ranges::count(switches.all(), SwitchBasis::bounds, [](const ContextSwitch& s) { return s.basis; });
  if (bounds != 0) {
    out += "# no entry times for ";
    output::append_number(out, static_cast<std::uint64_t>(bounds));
    out += ": there, off_cpu is at most and cost at least what is written\n";
  }
}

void append_parts(std::string& out, const ContextSwitches& switches, bool color) {
  {
    const output::Colored bold(out, output::kBold, color);
    output::append_left(out, "# PART", kPartWidth);
    for (const std::string_view title : {"MIN us", "P50 us", "P99 us", "MAX us", "SUM us"})
      output::append_column(out, title, output::kTimeWidth);
  }
  out += '\n';
  for (const auto& [part, name] : kParts) {
    const SwitchSummary summary = switches.summary(part);
    output::append_left(out, name, kPartWidth);
    for (const Duration time : {summary.min, summary.p50, summary.p99, summary.max, summary.sum})
      output::append_microseconds_column(out, time, output::kTimeWidth);
    out += '\n';
  }
}

void append_owner(std::string& out, const std::optional<CallTree>& tree) {
  if (const std::optional<Task> task = tree ? tree->task() : std::nullopt)
    output::append_task(out, *task);
  else
    out += '?';
}

void append_outlier(std::string& out, const ContextSwitch& s) {
  for (const Duration time : {s.total, s.off_cpu, s.cost()})
    output::append_microseconds_column(out, time, output::kTimeWidth);
  out += "  ";
  append_owner(out, s.tree);
  out += " => ";
  append_owner(out, s.next);
  out += "  ";
  output::append_function(out, s.call.name(), s.call.module());
  out += '\n';
}

void append_outliers(std::string& out, const ContextSwitches& switches, const ContextSwitchesTextOptions& options) {
  const std::vector<ContextSwitch> outliers = switches.outliers(SwitchPart::total, options.times_median);
  out += "# took more than ";
  output::append_number(out, options.times_median);
  out += " times the median of ";
  output::append_microseconds(out, switches.summary(SwitchPart::total).p50);
  out += " us: ";
  output::append_number(out, outliers.size());
  out += '\n';
  if (outliers.empty())
    return;
  {
    const output::Colored bold(out, output::kBold, options.color);
    out += '#';
    output::append_column(out, "TOTAL us", output::kTimeWidth - 1);
    output::append_column(out, "OFF_CPU us", output::kTimeWidth);
    output::append_column(out, "COST us", output::kTimeWidth);
    out += "  TASK => NEXT  FUNCTION";
  }
  out += '\n';
  const std::size_t shown = options.top == 0 ? outliers.size() : std::min(options.top, outliers.size());
  for (std::size_t i = 0; i < shown; ++i)
    append_outlier(out, outliers[i]);
  if (shown < outliers.size()) {
    out += "# not shown: ";
    output::append_number(out, outliers.size() - shown);
    out += '\n';
  }
}

}  // namespace

void append_text(std::string& out, const ContextSwitches& switches, const ContextSwitchesTextOptions& options) {
  append_counts(out, switches);
  if (switches.all().empty())
    return;
  append_parts(out, switches, options.color);
  append_outliers(out, switches, options);
}

void write_text(std::ostream& out, const ContextSwitches& switches, const ContextSwitchesTextOptions& options) {
  std::string text;
  append_text(text, switches, options);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace fathom
