#include "report_lines.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace report {

namespace {

constexpr std::size_t kFlushAt = std::size_t{64} * 1024;

// Whether a clock's stamps are printed as seconds with microseconds.
bool counts_time(const fathom::TraceDatReader& file) {
  constexpr std::array<std::string_view, 8> kClocks = {"local", "global", "uptime",   "perf",
                                                       "tai",   "mono",   "mono_raw", "tsc2nsec"};
  return file.time().multiplier != 0 || file.trace_clock().empty() ||
         std::ranges::find(kClocks, file.trace_clock()) != kClocks.end();
}

std::optional<fathom::FieldReader<std::int32_t>> pid_field(const fathom::FormatRegistry& formats) {
  for (const fathom::EventFormat* format : formats.formats()) {
    if (auto pid = fathom::FieldReader<std::int32_t>::find(*format, "common_pid"))
      return pid;
  }
  return std::nullopt;
}

}  // namespace

Lines::Lines(std::ostream& out, Input& input, const std::vector<Input::Source>& sources, bool json)
    : out_(&out),
      sources_(&sources),
      json_(json),
      events_from_(input),
      known_tasks_(events_from_.tasks.size()),
      pid_(pid_field(input.formats())),
      time_(input.file().time()),
      microseconds_(counts_time(input.file())) {
  if (input.file().buffers().size() > 1) {
    for (const fathom::TraceDatBuffer& buffer : input.file().buffers())
      name_width_ = std::max(name_width_, buffer.name.size());
  }
}

// A record is printed when the one behind it is known: a function's exit may belong into its entry's line.
void Lines::on(const fathom::RawRecord& record) {
  ++records_;
  const Waiting now{record, std::exchange(loss_, std::nullopt)};
  if (waiting_)
    print(*waiting_, &now);
  waiting_ = now;
  if (text_.size() > kFlushAt)
    flush();
}

// Of the CPU whose record comes next; behind the last record one of each CPU may come.
void Lines::on(const fathom::Loss& loss) {
  if (loss_)
    print_waiting();
  loss_ = loss;
  unnumbered_loss_ = unnumbered_loss_ || !loss.events;
}

void Lines::finish() {
  print_waiting();
  flush();
}

void Lines::print_waiting() {
  if (waiting_)
    print(*waiting_, nullptr);
  waiting_.reset();
  if (const auto loss = std::exchange(loss_, std::nullopt))
    append_loss(*loss);
}

void Lines::print(const Waiting& waiting, const Waiting* next) {
  if (waiting.loss)
    append_loss(*waiting.loss);
  if (std::exchange(skip_, false))
    return;
  Event& event = event_of(waiting.record.id);
  const fathom::RawRecord* const after = next != nullptr && !next->loss ? &next->record : nullptr;
  if (json_)
    append_json(waiting.record, event, after);
  else
    append_line(waiting.record, event, after);
}

//               tw-385   [000]   107.706254: sys_exit:             NR 1 = 1
void Lines::append_line(const fathom::RawRecord& record, Event& event, const fathom::RawRecord* next) {
  append_instance(record.cpu);
  text_.append(task_column(pid_of(record)));
  text_.decimal((*sources_)[record.cpu].cpu, 3, '0');
  text_.append(']');
  append_time(time_.nanoseconds(record.time));
  text_.append(event.column);
  const std::size_t begin = text_.size();
  skip_ = event.text->append(record, next, text_);
  if (text_.size() > begin && text_.view().back() == '\n')
    text_.truncate(text_.size() - 1);
  text_.append('\n');
}

void Lines::append_json(const fathom::RawRecord& record, Event& event, const fathom::RawRecord* next) {
  const Input::Source& source = (*sources_)[record.cpu];
  const std::int32_t pid = pid_of(record);
  nlohmann::json object = {{"cpu", source.cpu},
                           {"time", time_.nanoseconds(record.time)},
                           {"pid", pid},
                           {"comm", events_from_.tasks.find(pid)},
                           {"event", event.name}};
  if (name_width_ > 0)
    object["instance"] = source.buffer->name;
  const std::size_t begin = text_.size();
  skip_ = event.text->append(record, next, text_);
  object["text"] = std::string(text_.view().substr(begin));
  text_.truncate(begin);
  text_.append(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  text_.append('\n');
}

void Lines::append_loss(const fathom::Loss& loss) {
  const std::uint32_t source = loss.cpu.value_or(0);  // the merger says it of each
  const std::uint32_t cpu = (*sources_)[source].cpu;
  if (json_) {
    nlohmann::json object = {{"cpu", cpu}, {"lost", loss.events ? nlohmann::json(*loss.events) : nlohmann::json()}};
    if (name_width_ > 0)
      object["instance"] = (*sources_)[source].buffer->name;
    text_.append(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    text_.append('\n');
    return;
  }
  append_instance(source);
  text_.append(loss.events ? fmt::format("CPU:{} [{} EVENTS DROPPED]\n", cpu, *loss.events)
                           : fmt::format("CPU:{} [EVENTS DROPPED]\n", cpu));
}

void Lines::append_instance(std::uint32_t source) {
  if (name_width_ == 0)
    return;
  const std::string& name = (*sources_)[source].buffer->name;
  text_.append(name_width_ - name.size(), ' ');
  text_.append(name);
  text_.append(name.empty() ? "  " : ": ");
}

void Lines::append_time(std::uint64_t time) {
  if (!microseconds_)
    return text_.decimal(time, 12);
  constexpr std::uint64_t kMicroseconds = 1'000'000;
  time = (time + 500) / 1000;
  text_.append(' ');
  text_.decimal(time / kMicroseconds, 5);
  char* const at = text_.reserve(7);
  *at = '.';
  text_.commit(fathom::TextBuffer::write_decimal(at + 1, time % kMicroseconds, 6));
}

Lines::Event& Lines::event_of(std::uint16_t id) {
  if (id >= events_.size())
    events_.resize(std::size_t{id} + 1);
  if (!events_[id]) {
    const fathom::EventFormat* const format = events_from_.input.formats().find(id);
    const std::string name = format == nullptr ? "(NULL)" : std::string(format->name());
    events_[id] = std::make_unique<Event>(
        Event{name, fmt::format(": {}:{:{}} ", name, "", name.size() < 20 ? 20 - name.size() : 0),
              event_text(format, events_from_)});
  }
  return *events_[id];
}

const std::string& Lines::task_column(std::int32_t pid) {
  if (events_from_.tasks.size() != known_tasks_) [[unlikely]] {  // a switch told who is who
    known_tasks_ = events_from_.tasks.size();
    task_columns_.clear();
  }
  const auto [place, added] = task_columns_.try_emplace(pid);
  if (added)
    place->second = fmt::format("{:>16}-{:<5} [", events_from_.tasks.find(pid), pid);
  return place->second;
}

std::int32_t Lines::pid_of(const fathom::RawRecord& record) const {
  return pid_ ? (*pid_)(record.bytes()).value_or(-1) : -1;
}

void Lines::flush() {
  out_->write(text_.view().data(), static_cast<std::streamsize>(text_.size()));
  text_.clear();
}

}  // namespace report
