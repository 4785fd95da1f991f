#pragma once

#include "report_input.hpp"
#include "report_names.hpp"

#include <fathom/base/text_buffer.hpp>
#include <fathom/output/trace_text_printer.hpp>
#include <fathom/rawtrace/print_format.hpp>
#include <fathom/rawtrace/printk_formats.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace report {

/// An event's name and text.
class EventText {
 public:
  virtual ~EventText() = default;
  EventText() = default;
  EventText(const EventText&) = delete;
  EventText& operator=(const EventText&) = delete;

  /// Adds the text of a record. `next` is the record that follows in the order of time, if nothing was lost between.
  /// True where that record's text is in it: it has no line of its own.
  virtual bool append(const fathom::RawRecord& record, const fathom::RawRecord* next, fathom::TextBuffer& out) = 0;
};

/// What the texts look things up in, and what they learn.
struct EventSources {
  Input& input;
  FunctionNames functions;
  fathom::PrintkFormats strings;
  fathom::TaskNames tasks;
  fathom::TraceTextPrinter kernel;  // for what the kernel prints by code

  explicit EventSources(Input& of);
};

/// Makes the text of an event. `format` is null for a number that the file does not explain.
std::unique_ptr<EventText> event_text(const fathom::EventFormat* format, EventSources& sources);

}  // namespace report
