#include "funcgraph_account.hpp"

#include "common/printable.hpp"

#include <fmt/core.h>

namespace funcgraph {

namespace {

std::string count(std::uint64_t n, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", n, n == 1 ? singular : plural);
}

// "3 lines skipped (2 unknown_line, 1 cut_line)"
std::string skipped(const Trace& trace) {
  const fathom::ParseStats& stats = trace.stats;
  if (stats.skipped_records() == 0)
    return "nothing skipped";
  std::string reasons;
  for (const fathom::SkipReason reason : fathom::kSkipReasons) {
    if (const std::uint64_t n = stats.skipped(reason); n != 0)
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", n, fathom::to_string(reason));
  }
  return fmt::format("{} skipped ({})", count(stats.skipped_records(), trace.record_name, trace.records_name), reasons);
}

std::string lost(const fathom::ParseStats& stats) {
  if (stats.losses == 0)
    return "nothing lost";
  return fmt::format("{} lost in {}", count(stats.lost_events, "event", "events"),
                     count(stats.losses, "place", "places"));
}

}  // namespace

Account account_of(const Trace& trace) {
  const fathom::ParseStats& stats = trace.stats;
  Account account;
  account.lines.push_back(fmt::format("{}: {}, {}, {}, {}", trace.source,
                                      count(stats.records, trace.record_name, trace.records_name),
                                      count(trace.forest.calls(), "call", "calls"), skipped(trace), lost(stats)));
  if (stats.first_bad)
    account.lines.push_back(fmt::format("{}: the first skipped is {} {} ({}): {}", trace.source, trace.record_name,
                                        stats.first_bad->number, fathom::to_string(stats.first_bad->reason),
                                        examples::printable(stats.first_bad->text)));
  if (stats.skipped(fathom::SkipReason::cut_line) != 0)
    account.lines.push_back(fmt::format("{}: it ends within a line: the rest was cut off", trace.source));
  if (stats.losses != 0)
    account.lines.emplace_back(
        "calls next to a loss are marked children_lost; to lose less: a bigger --buffer-size, or record less "
        "(--filter, --graph, --depth)");
  if (trace.forest.dropped_calls() != 0)
    account.lines.push_back(fmt::format("{}: {} left out: there are too many", trace.source,
                                        count(trace.forest.dropped_calls(), "call", "calls")));
  if (trace.forest.calls() == 0)
    account.lines.push_back(trace.source + ": no call of a function was recorded: do the options leave any?");
  account.something_missing = account.lines.size() > 1;
  return account;
}

}  // namespace funcgraph
