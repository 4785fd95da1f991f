#pragma once

#include <fathom/tracefs/state_journal.hpp>

#include <memory>

namespace fathom::tracefs {

/// Puts back and removes all that killed processes of this library left behind. False if a live session holds the top
/// level, whose settings are then left alone.
bool recover(const std::shared_ptr<TraceFiles>& files, const StateJournalOptions& journal);

}  // namespace fathom::tracefs
