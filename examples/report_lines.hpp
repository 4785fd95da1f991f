#pragma once

#include "report_events.hpp"

#include <fathom/base/text_buffer.hpp>
#include <fathom/event/events.hpp>
#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace report {

/// Writes records as lines, in the order in which they come. A RecordSink for an EventMerger whose CPUs are the places
/// in `sources`.
class Lines {
 public:
  Lines(std::ostream& out, Input& input, const std::vector<Input::Source>& sources, bool json);

  void on(const fathom::RawRecord& record);
  void on(const fathom::Loss& loss);
  /// Writes what waits.
  void finish();

  std::uint64_t records() const { return records_; }
  /// Whether a loss came whose size nobody told.
  bool unnumbered_loss() const { return unnumbered_loss_; }

 private:
  struct Event {
    std::string name;
    std::string column;  // " sched_switch:         "
    std::unique_ptr<EventText> text;
  };
  struct Waiting {
    fathom::RawRecord record;
    std::optional<fathom::Loss> loss;  // before it
  };

  void print(const Waiting& waiting, const Waiting* next);
  void append_line(const fathom::RawRecord& record, Event& event, const fathom::RawRecord* next);
  void append_json(const fathom::RawRecord& record, Event& event, const fathom::RawRecord* next);
  void append_loss(const fathom::Loss& loss);
  void print_waiting();
  void append_instance(std::uint32_t source);
  void append_time(std::uint64_t stamp);
  Event& event_of(std::uint16_t id);
  const std::string& task_column(std::int32_t pid);
  std::int32_t pid_of(const fathom::RawRecord& record) const;
  void flush();

  std::ostream* out_;
  const std::vector<Input::Source>* sources_;
  bool json_;
  EventSources events_from_;
  std::vector<std::unique_ptr<Event>> events_;                  // by number
  std::unordered_map<std::int32_t, std::string> task_columns_;  // "              tw-385   ["
  std::size_t known_tasks_;
  std::optional<fathom::FieldReader<std::int32_t>> pid_;
  fathom::TraceDatTime time_;
  bool microseconds_;
  std::size_t name_width_ = 0;  // of instances; 0 where there is one buffer
  std::optional<Waiting> waiting_;
  std::optional<fathom::Loss> loss_;
  bool unnumbered_loss_ = false;
  bool skip_ = false;  // what waits was printed with the one before
  fathom::TextBuffer text_;
  std::uint64_t records_ = 0;
};

}  // namespace report
