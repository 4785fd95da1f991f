#pragma once

#include "report_events.hpp"

#include <memory>

namespace report {

/// The texts of what function_graph and the function tracer record; null for other events. Throws fathom::Error where
/// the format lacks a field.
std::unique_ptr<EventText> function_text(const fathom::EventFormat& format, EventSources& sources);

}  // namespace report
