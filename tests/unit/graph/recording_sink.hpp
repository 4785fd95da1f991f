#pragma once

#include <fathom/event/sink.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace fathom::test {

/// Writes every field of every event down, a line an event, so that two runs can be compared and a test can say in
/// plain text what it expects.
class RecordingSink {
 public:
  FunctionTable& functions() { return functions_; }

  void on(const GraphEntry& e) {
    std::ostringstream out;
    out << (e.leaf ? "leaf " : "entry ") << name(e.function) << " depth=" << e.depth;
    if (!e.args.empty())
      out << " args=" << e.args;
    if (!e.caller.empty())
      out << " caller=" << e.caller;
    add(out, e.context);
  }
  void on(const GraphExit& e) {
    std::ostringstream out;
    out << (e.leaf ? "return " : "exit ") << name(e.function) << " depth=" << e.depth;
    if (e.duration)
      out << " ns=" << e.duration->count() << '~' << e.precision.count();
    if (e.retval)
      out << " ret=" << static_cast<std::int64_t>(*e.retval);
    if (e.overruns)
      out << " overruns=" << *e.overruns;
    add(out, e.context);
  }
  void on(const TaskChange& e) {
    std::ostringstream out;
    out << "change " << e.previous.comm << '-' << e.previous.pid << " => " << e.next.comm << '-' << e.next.pid;
    if (e.cpu)
      out << " cpu=" << *e.cpu;
    lines_.push_back(out.str());
  }
  void on(const RecordingStart&) { lines_.emplace_back("start"); }
  void on(const Loss& e) {
    std::ostringstream out;
    out << "loss";
    if (e.events)
      out << ' ' << *e.events;
    if (e.cpu)
      out << " cpu=" << *e.cpu;
    lines_.push_back(out.str());
  }
  void on(const GraphComment& e) { add_text("comment ", e.text, e.context); }
  void on(const TextRecord& e) { add_text("record ", e.text, e.context); }
  void on(const StackFrame& e) { lines_.push_back("frame " + std::string(e.text)); }
  void on(const IrqMark& e) { add_text(e.entering ? "irq-in" : "irq-out", {}, e.context); }

  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::string name(FunctionId id) const {
    if (id == FunctionId::unknown)
      return "?";
    const Function function = functions_[id];
    std::string text(function.name);
    if (!function.module.empty())
      text += '[' + std::string(function.module) + ']';
    return text;
  }
  void add_text(const char* kind, std::string_view text, const EventContext& context) {
    std::ostringstream out;
    out << kind << text;
    add(out, context);
  }
  void add(std::ostringstream& out, const EventContext& context) {
    if (context.cpu)
      out << " cpu=" << *context.cpu;
    if (context.time)
      out << " t=" << context.time->nanoseconds;
    if (context.task)
      out << " task=" << context.task->comm << '-' << context.task->pid;
    if (context.flags) {
      out << " flags=";
      const LatencyFlags& f = *context.flags;
      for (const char c : {f.irqs, f.need_resched, f.need_resched_lazy, f.context, f.preempt_depth,
                           f.preempt_lazy_depth, f.migrate_disable})
        out << (c == 0 ? '_' : c);
    }
    lines_.push_back(out.str());
  }

  FunctionTable functions_;
  std::vector<std::string> lines_;
};

}  // namespace fathom::test
