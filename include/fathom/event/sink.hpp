#pragma once

#include <fathom/event/events.hpp>
#include <fathom/event/function_table.hpp>

#include <concepts>

namespace fathom {

/// What takes the events of a function graph, from text or from raw pages.
///
///     struct CountCalls {
///       FunctionTable table;
///       std::uint64_t calls = 0;
///       FunctionTable& functions() { return table; }
///       void on(const GraphEntry&) { ++calls; }
///       void on(const GraphExit&) {}
///     };
///
/// `functions()` is where the source interns the names it meets. The sink owns that table, so that several sources may
/// feed one sink with the same ids. `on()` is needed for entries and exits; for TaskChange, Loss, RecordingStart,
/// GraphComment, IrqMark, TextRecord and StackFrame it is called if the sink has it. What a sink throws passes through
/// the source, which stays destructible and no more.
template <class Sink>
concept GraphSink = requires(Sink& sink, const GraphEntry& entry, const GraphExit& exit) {
  { sink.functions() } -> std::same_as<FunctionTable&>;
  sink.on(entry);
  sink.on(exit);
};

/// Calls `sink.on(event)` if the sink takes this kind of event.
template <class Sink, class Event>
void offer(Sink& sink, const Event& event) {
  if constexpr (requires { sink.on(event); })
    sink.on(event);
}

}  // namespace fathom
