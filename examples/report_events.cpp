#include "report_events.hpp"

#include "report_graph.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/field_reader.hpp>

#include <array>
#include <utility>

namespace report {

namespace {

using fathom::FieldReader;
using fathom::RawRecord;
using fathom::TextBuffer;

template <class T>
using Optional = std::optional<FieldReader<T>>;

// By the event's `print fmt`.
class ByFormat final : public EventText {
 public:
  ByFormat(const fathom::EventFormat& format, EventSources& sources)
      : print_(format, sources.input.formats().layout()),
        sources_{.symbols = fathom::AddressNames(sources.input.symbols()), .strings = &sources.strings} {}
  bool append(const RawRecord& record, const RawRecord*, TextBuffer& out) override {
    print_.render(record.bytes(), sources_, out);
    return false;
  }

 private:
  fathom::PrintFormat print_;
  fathom::PrintSources sources_;
};

// As the kernel's own code does: ftrace's events beside those of its function tracers.
class ByKernel final : public EventText {
 public:
  explicit ByKernel(EventSources& sources) : sources_(&sources) {}
  bool append(const RawRecord& record, const RawRecord*, TextBuffer& out) override {
    out.append(sources_->kernel.text_of(record));
    return false;
  }

 private:
  EventSources* sources_;
};

class Unknown final : public EventText {
 public:
  bool append(const RawRecord& record, const RawRecord*, TextBuffer& out) override {
    out.append("[UNKNOWN EVENT ");
    out.decimal(record.id);
    out.append("]");
    return false;
  }
};

// "bash:7", and the name is remembered for the pid if nobody knew it.
struct TaskFields {
  TaskFields(const fathom::EventFormat& format, const std::string& prefix)
      : pid(format, prefix + "pid"),
        comm(Optional<std::string_view>::value_type::find(format, prefix + "comm")),
        prio(FieldReader<std::int32_t>::find(format, prefix + "prio")) {}

  void append_task(const RawRecord& record, fathom::TaskNames& tasks, TextBuffer& out) const {
    const std::int32_t number = pid(record.bytes()).value_or(0);
    if (const auto name = comm ? (*comm)(record.bytes()) : std::nullopt) {
      out.append(*name);
      out.append(':');
      if (number != 0 && tasks.find(number) == kUnknown)
        tasks.add(number, *name);
    }
    out.signed_decimal(number);
  }
  void append_prio(const RawRecord& record, TextBuffer& out) const {
    if (const auto number = prio ? (*prio)(record.bytes()) : std::nullopt) {
      out.append(" [");
      out.signed_decimal(*number);
      out.append(']');
    }
  }

  static constexpr std::string_view kUnknown = "<...>";
  FieldReader<std::int32_t> pid;
  Optional<std::string_view> comm;
  Optional<std::int32_t> prio;
};

// trace-cmd:428 [120] R ==> rcu_preempt:15 [120]
class Switch final : public EventText {
 public:
  Switch(const fathom::EventFormat& format, EventSources& sources)
      : tasks_(&sources.tasks), prev_(format, "prev_"), next_(format, "next_"), state_(format, "prev_state") {}
  bool append(const RawRecord& record, const RawRecord*, TextBuffer& out) override {
    prev_.append_task(record, *tasks_, out);
    prev_.append_prio(record, out);
    out.append(' ');
    append_state(state_(record.bytes()).value_or(0), out);
    out.append(" ==> ");
    next_.append_task(record, *tasks_, out);
    next_.append_prio(record, out);
    return false;
  }

 private:
  // The letters that trace-cmd 3.1.6 has for the bits.
  static void append_state(std::int64_t state, TextBuffer& out) {
    constexpr std::string_view kLetters = "SDTtZXxW";
    bool found = false;
    for (std::size_t bit = 0; bit < kLetters.size(); ++bit) {
      if ((static_cast<std::uint64_t>(state) >> bit & 1U) == 0)
        continue;
      if (std::exchange(found, true))
        out.append('|');
      out.append(kLetters[bit]);
    }
    if (!found)
      out.append('R');
  }

  fathom::TaskNames* tasks_;
  TaskFields prev_;
  TaskFields next_;
  FieldReader<std::int64_t> state_;
};

// rcu_preempt:15 [120] CPU:000
class Wakeup final : public EventText {
 public:
  Wakeup(const fathom::EventFormat& format, EventSources& sources)
      : tasks_(&sources.tasks),
        task_(format, ""),
        success_(FieldReader<std::int32_t>::find(format, "success")),
        cpu_(FieldReader<std::int32_t>::find(format, "target_cpu")) {}
  bool append(const RawRecord& record, const RawRecord*, TextBuffer& out) override {
    task_.append_task(record, *tasks_, out);
    task_.append_prio(record, out);
    if (const auto success = success_ ? (*success_)(record.bytes()) : std::nullopt) {
      out.append(" success=");
      out.signed_decimal(*success);
    }
    if (const auto cpu = cpu_ ? (*cpu_)(record.bytes()) : std::nullopt) {
      out.append(" CPU:");
      out.decimal(static_cast<std::uint32_t>(*cpu), 3, '0');
    }
    return false;
  }

 private:
  fathom::TaskNames* tasks_;
  TaskFields task_;
  Optional<std::int32_t> success_;
  Optional<std::int32_t> cpu_;
};

std::unique_ptr<EventText> special(const fathom::EventFormat& format, EventSources& sources) {
  const std::string_view name = format.name();
  if (format.system() == "sched") {
    if (name == "sched_switch")
      return std::make_unique<Switch>(format, sources);
    if (name == "sched_wakeup" || name == "sched_wakeup_new")
      return std::make_unique<Wakeup>(format, sources);
    return nullptr;
  }
  if (format.system() != "ftrace")
    return nullptr;
  if (auto text = function_text(format, sources))
    return text;
  return std::make_unique<ByKernel>(sources);
}

fathom::TraceTextSources kernel_sources(const EventSources& sources) {
  fathom::TraceTextSources kernel;
  kernel.symbols = fathom::AddressNames(sources.input.symbols());
  kernel.tasks = sources.tasks;
  kernel.strings = sources.strings;
  return kernel;
}

}  // namespace

EventSources::EventSources(Input& of)
    : input(of),
      functions(of.symbols()),
      strings(fathom::PrintkFormats::parse(of.file().printk_formats())),
      tasks(of.file().task_names()),
      kernel(of.formats(), kernel_sources(*this), {}, [](std::string_view) {}) {}

std::unique_ptr<EventText> event_text(const fathom::EventFormat* format, EventSources& sources) {
  if (format == nullptr)
    return std::make_unique<Unknown>();
  try {
    if (auto text = special(*format, sources))
      return text;
  } catch (const fathom::Error&) {
    // The format lacks a field that the text is made of: its `print fmt` has what there is.
  }
  return std::make_unique<ByFormat>(*format, sources);
}

}  // namespace report
