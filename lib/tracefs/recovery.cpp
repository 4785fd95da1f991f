#include "recovery.hpp"

#include <fathom/tracefs/dynamic_event.hpp>
#include <fathom/tracefs/trace_instance.hpp>

#include <chrono>
#include <exception>
#include <thread>

namespace fathom::tracefs {

bool recover(const std::shared_ptr<TraceFiles>& files, const StateJournalOptions& journal) {
  bool top_level_free = false;
  std::exception_ptr top_level_error;
  try {
    top_level_free = StateJournal::recover(files, journal);
  } catch (const Error&) {
    top_level_error = std::current_exception();
  }
  // An event cannot be removed while an instance has it enabled.
  remove_stale_instances(files, journal.proc);
  remove_stale_dynamic_events(files, journal.proc);
  if (top_level_error)
    std::rethrow_exception(top_level_error);
  return top_level_free;
}

StateJournal patient_journal(const std::shared_ptr<TraceFiles>& files, const StateJournalOptions& options) {
  using namespace std::chrono_literals;
  constexpr auto kPatience = 500ms;
  constexpr auto kPause = 10ms;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    try {
      return StateJournal(files, options);
    } catch (const BusyError&) {
      if (std::chrono::steady_clock::now() >= deadline)
        throw;
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace fathom::tracefs
