#include <fathom/base/error.hpp>
#include <fathom/tracefs/histogram.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

namespace fathom {

namespace {

std::vector<std::string> printed_hists(const TraceEvent& event) {
  std::vector<std::string> printed;
  for (const EventTrigger& trigger : event.triggers()) {
    if (trigger.command == "hist")
      printed.push_back(trigger.argument + (trigger.filter.empty() ? "" : " if " + trigger.filter));
  }
  return printed;
}

TraceArray buffer_of(const TraceEvent& event) {
  return {event.files(), event.prefix()};
}

}  // namespace

Histogram::Histogram(TraceEvent event, HistTrigger description) : description_(std::move(description)) {
  if (event.exists() && !event.has_hist())
    throw UnsupportedError("hist triggers", event.files()->full_path(event.prefix() + "events"),
                           "it takes CONFIG_HIST_TRIGGERS");
  std::vector<std::string> before = printed_hists(event);
  const std::string clock_before = buffer_of(event).trace_clocks().current;
  event.add_trigger(description_.definition());
  event_ = std::move(event);
  // A histogram that uses common_timestamp sets the clock of the whole buffer, to `global` if it names none, and the
  // kernel never sets it back (event_hist_trigger_parse, kernel/trace/trace_events_hist.c).
  if (std::string clock = buffer_of(*event_).trace_clocks().current; clock != clock_before)
    clock_ = ClockChange{clock_before, std::move(clock)};
  // The kernel prints a description its own way, and heads the table with the same words: what is new is ours.
  for (std::string& printed : printed_hists(*event_)) {
    const auto known = std::ranges::find(before, printed);
    if (known == before.end()) {
      printed_ = std::move(printed);
      return;
    }
    before.erase(known);
  }
}

Histogram::~Histogram() {
  try {
    remove();
  } catch (const std::exception&) {
    // There is nobody to tell; an instance takes it along.
  }
}

Histogram::Histogram(Histogram&& other) noexcept
    : event_(std::exchange(other.event_, std::nullopt)),
      description_(std::move(other.description_)),
      printed_(std::move(other.printed_)),
      clock_(std::exchange(other.clock_, std::nullopt)) {}

Histogram& Histogram::operator=(Histogram&& other) noexcept {
  if (this != &other) {
    const Histogram old(std::move(*this));
    event_ = std::exchange(other.event_, std::nullopt);
    description_ = std::move(other.description_);
    printed_ = std::move(other.printed_);
    clock_ = std::exchange(other.clock_, std::nullopt);
  }
  return *this;
}

HistTable Histogram::read() const {
  if (event_) {
    HistFile file = event_->read_hist();
    const auto ours = std::ranges::find(file.tables, "hist:" + printed_, &HistTable::trigger);
    if (ours != file.tables.end())
      return std::move(*ours);
  }
  throw Error(ENOENT, "find the histogram", description_.definition(), "its trigger was taken away");
}

void Histogram::remove() {
  if (!event_)
    return;
  const TraceEvent event = *std::exchange(event_, std::nullopt);
  // With its event everything is gone.
  if (event.exists())
    TraceEvent(event).remove_trigger(description_.definition({}));
  // Unless somebody has set another clock since.
  const auto clock = std::exchange(clock_, std::nullopt);
  if (clock && buffer_of(event).trace_clocks().current == clock->set)
    buffer_of(event).set_trace_clock(clock->before);
}

void Histogram::command(std::string_view command) {
  if (!event_)
    throw Error(ENOENT, "find the histogram", description_.definition(), "it was removed");
  event_->add_trigger(description_.definition(command));
}

}  // namespace fathom
