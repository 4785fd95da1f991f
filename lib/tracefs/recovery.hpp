#pragma once

#include <fathom/tracefs/state_journal.hpp>

#include <memory>

namespace fathom::tracefs {

/// Puts back and removes all that killed processes of this library left behind. False if a live session holds the top
/// level, whose settings are then left alone. Throws Error, having tried everything, if the top level's can't go back.
bool recover(const std::shared_ptr<TraceFiles>& files, const StateJournalOptions& journal);

/// Takes the journal, waiting for half a second at most: others may hold it only for as long as they put back what was
/// left behind, or find out what the kernel shares. Throws BusyError if they hold it longer.
[[nodiscard]] StateJournal patient_journal(const std::shared_ptr<TraceFiles>& files,
                                           const StateJournalOptions& options);

}  // namespace fathom::tracefs
