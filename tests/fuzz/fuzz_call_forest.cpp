// CallForest, and what is computed from it, on any events: its links and marks stay sound, and its sums add up.

#include "unit/graph/forest_soundness.hpp"

#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/context_switches.hpp>
#include <fathom/graph/function_stats.hpp>
#include <fathom/output/call_tree_text.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace fathom;

void require(bool holds) {
  if (!holds)
    std::abort();
}

// The input as a sequence of small numbers; zeros once it has ended.
class Numbers {
 public:
  Numbers(const std::uint8_t* data, std::size_t size) : bytes_(data, size) {}

  [[nodiscard]] bool more() const { return at_ < bytes_.size(); }
  std::uint8_t byte() { return more() ? bytes_[at_++] : std::uint8_t{0}; }
  // Mostly small, so that events meet; at times any number at all.
  std::uint32_t number(std::uint32_t below) {
    const std::uint32_t first = byte();
    if (first != 0xff)
      return first % below;
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i)
      value = value << 8U | byte();
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

class Feeder {
 public:
  Feeder(CallForest& forest, Numbers& in) : forest_(forest), in_(in) {}

  void event() {
    const std::uint8_t kind = in_.byte();
    switch (kind % 12U) {
      case 0:
      case 1:
      case 2:
        return enter(false);
      case 3:
      case 4:
        enter(true);
        return leave(true);
      case 5:
      case 6:
      case 7:
        return leave(false);
      case 8:
        return forest_.on(TaskChange{cpu(), task(), task()});
      case 9:
        return forest_.on(Loss{cpu(), in_.byte()});
      case 10:
        return forest_.on(GraphComment{context(), "a marker"});
      default:
        return forest_.on(RecordingStart{});
    }
  }
  [[nodiscard]] std::uint64_t exits() const { return exits_; }

 private:
  std::optional<std::uint32_t> cpu() {
    const std::uint32_t number = in_.number(4);
    return number == 3 ? std::optional<std::uint32_t>{} : number;
  }
  Task task() { return {static_cast<std::int32_t>(in_.number(4)), "sh"}; }
  EventContext context() {
    EventContext made{.cpu = cpu(), .time = {}, .task = {}, .flags = {}};
    const std::uint8_t has = in_.byte();
    if ((has & 1U) != 0)
      made.task = task();
    if ((has & 2U) != 0)
      made.time = Timestamp{now_ += in_.byte()};
    return made;
  }
  FunctionId function() {
    static constexpr std::string_view kNames[] = {"schedule", "finish_task_switch", "vfs_read", "__sysvec_call"};
    const std::uint8_t which = in_.byte() % 5U;
    return which == 4 ? FunctionId::unknown : forest_.functions().intern(kNames[which]);
  }
  void enter(bool leaf) {
    GraphEntry made;
    made.context = context();
    made.function = last_function_ = function();
    made.depth = last_depth_ = in_.number(8);
    made.leaf = leaf;
    last_context_ = made.context;
    if (made.function == FunctionId::unknown)
      made.function = last_function_ = forest_.functions().intern("x");
    forest_.on(made);
  }
  void leave(bool leaf) {
    GraphExit made;
    made.context = leaf ? last_context_ : context();
    made.function = leaf ? last_function_ : function();
    made.depth = leaf ? last_depth_ : in_.number(8);
    made.leaf = leaf;
    made.duration = Duration{static_cast<std::int64_t>(in_.number(200))};
    forest_.on(made);
    ++exits_;
  }

  CallForest& forest_;
  Numbers& in_;
  std::uint64_t now_ = 0;
  std::uint64_t exits_ = 0;
  EventContext last_context_;
  FunctionId last_function_{};
  std::uint32_t last_depth_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Numbers in(data, size);
  CallForestOptions options;
  const std::uint8_t keep = in.byte();
  options.keep_details = (keep & 1U) != 0;
  options.keep_comments = (keep & 2U) != 0;
  const bool bounded = (keep & 4U) != 0;
  if (bounded)
    options.max_calls = in.byte();

  CallForest forest{options};
  Feeder feeder(forest, in);
  while (in.more())
    feeder.event();
  forest.finish();

  require(test::unsoundness(forest).empty());
  require(bounded || forest.dropped_calls() == 0);
  require(!bounded || forest.calls() <= options.max_calls);

  // What is computed counts each call once.
  std::uint64_t returned = 0;
  for (const CallTree tree : forest.trees())
    for (const Call call : tree.preorder())
      returned += call.has(CallMark::no_exit) ? 0U : 1U;
  require(returned <= feeder.exits());
  const FunctionStats stats = function_stats(forest);
  require(stats.calls() == returned);
  std::uint64_t counted = 0;
  for (const FunctionStat& f : stats.by_name()) {
    require(f.min <= f.p50 && f.p50 <= f.p99 && f.p99 <= f.max);
    require(f.outermost_total <= f.total);
    counted += f.calls + f.incomplete;
  }
  require(counted == forest.calls());

  const ContextSwitches switches = context_switches(forest);
  for (const ContextSwitch& one : switches.all())
    require(one.cost() + one.off_cpu == one.total);
  for (std::size_t i = 0; i < forest.comment_count(); ++i)
    require(forest.comment(i).text == "a marker");
  std::string text;
  for (const CallTree tree : forest.trees())
    append_text(text, tree);
  require(forest.calls() == 0 || !text.empty());
  return 0;
}
