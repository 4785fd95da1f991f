#pragma once

#include <fathom/tracefs/state_journal.hpp>
#include <fathom/tracefs/trace_instance.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace fathom::tracefs {

/// Up to Linux 6.17 an option of a tracer (not of the buffer), set in an instance, is set for the whole system. If
/// `options` hold such and this kernel is so, gives the journal that holds their old values and keeps other sessions
/// away; else nothing. `instance` must have the tracer nop. Throws BusyError if another session is in the way.
[[nodiscard]] std::optional<StateJournal> guard_shared_options(TraceInstance& instance,
                                                               const std::map<std::string, bool, std::less<>>& options,
                                                               const StateJournalOptions& journal_options);

}  // namespace fathom::tracefs
