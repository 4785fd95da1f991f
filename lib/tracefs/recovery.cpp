#include "recovery.hpp"

#include <fathom/tracefs/dynamic_event.hpp>
#include <fathom/tracefs/trace_instance.hpp>

namespace fathom::tracefs {

bool recover(const std::shared_ptr<TraceFiles>& files, const StateJournalOptions& journal) {
  const bool top_level_free = StateJournal::recover(files, journal);
  // An event cannot be removed while an instance has it enabled.
  remove_stale_instances(files, journal.proc);
  remove_stale_dynamic_events(files, journal.proc);
  return top_level_free;
}

}  // namespace fathom::tracefs
