#include "tracer_option_scope.hpp"

#include "recovery.hpp"

#include <algorithm>
#include <vector>

namespace fathom::tracefs {

namespace {

// Options that belong to a tracer and are files already: with nop current, trace_options lists only the buffer's own.
std::vector<std::string> tracer_options(const TraceInstance& instance,
                                        const std::map<std::string, bool, std::less<>>& options) {
  const auto own = parse_trace_options(instance.files()->read(instance.path("trace_options")));
  std::vector<std::string> names;
  for (const auto& [name, on] : options) {
    if (std::ranges::find(own, name, &TraceOption::name) == own.end() && instance.option(name))
      names.push_back(name);
  }
  return names;
}

// No file says it: turn one in the instance and look at the top level.
bool is_shared(TraceInstance& instance, const TraceArray& top, const std::string& name) {
  const auto before = instance.option(name);
  if (!before || top.option(name) != before)
    return false;
  instance.set_option(name, !*before);
  const bool shared = top.option(name) != before;
  instance.set_option(name, *before);
  return shared;
}

}  // namespace

std::optional<StateJournal> guard_shared_options(TraceInstance& instance,
                                                 const std::map<std::string, bool, std::less<>>& options,
                                                 const StateJournalOptions& journal_options) {
  const std::vector<std::string> names = tracer_options(instance, options);
  if (names.empty())
    return std::nullopt;
  StateJournal journal = patient_journal(instance.files(), journal_options);
  journal.save(instance.path("options/" + names.front()));
  // The kernel treats all options of tracers alike, so one is enough to know.
  if (!is_shared(instance, TraceArray(instance.files(), ""), names.front()))
    return std::nullopt;
  return journal;
}

}  // namespace fathom::tracefs
