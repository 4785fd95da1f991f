#pragma once

#include <fathom/event/events.hpp>
#include <fathom/event/function_table.hpp>
#include <fathom/graph/call.hpp>
#include <fathom/graph/call_tree.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <string_view>

namespace fathom {

/// What a CallForest keeps.
struct CallForestOptions {
  /// Arguments, caller, return value and overruns of a call as they were printed: `Call::args()` and so on.
  bool keep_details = false;
  /// Events and markers inside the graph: `CallForest::comments()`.
  bool keep_comments = false;
  /// Calls beyond these are only counted, in `dropped_calls()`, and leave `children_lost` on their caller. The calls
  /// that are open then still get their exits.
  std::uint32_t max_calls = 0xffff'fffe;
};

/// An event or a marker inside the graph, and where it stands.
struct CallComment {
  std::string_view text;          ///< as printed; good for as long as the forest
  std::optional<Timestamp> time;  ///< if the source says
  CallTree tree;                  ///< of the task that was running
  std::optional<Call> inside;     ///< the innermost call that was open; absent between roots
  std::optional<Call> after;      ///< the call right before it in there; absent where it comes first
};

/// Whether the durations of complete calls and of what they called fit together. With sleep-time off they need not: the
/// kernel then takes the time off the CPU out of some calls and not out of others.
struct CallConsistency {
  std::uint64_t checked = 0;        ///< complete calls with a duration
  std::uint64_t negative_self = 0;  ///< of these: the children sum to more than the call
  std::uint64_t exceeding = 0;     ///< of these: by as much as the print's cut digits or more, which no sound trace has
  Duration worst{0};               ///< the lowest self time, if one is negative
  std::optional<Call> worst_call;  ///< that call
};

/// Builds a call tree for every task out of the events of a function graph.
///
///     FunctionGraphParser parser;
///     CallForest forest;
///     parser.feed(text, forest);
///     parser.finish(forest);
///     forest.finish();                                           // what is still open is cut here
///     for (const CallTree tree : forest.trees()) walk(tree.roots());
///
/// A GraphSink. There is one stack a task, which goes on where it was when the task runs again, on whatever processor,
/// and one stack for each processor's idle task. An interrupt nests on the stack of what it interrupts. Depths come
/// from the source, so every place is checked, and what is missing is marked (CallMark), never guessed:
/// - an entry at the depth of an open call, or above it: that call's exit is missing (`no_exit`);
/// - an entry with a gap above it: its callers are missing (`parents_unknown`);
/// - an exit where no call is open at that depth: its entry is missing (`no_entry`). The calls deeper than it that
///   stand right before it, and have no caller yet, are its children, unless the kernel lost events in between;
/// - an exit of another function than the open one's: both are `mismatched`;
/// - a loss: every call that was open and can have run on that processor meanwhile, which is any task's except another
///   processor's idle task, is `children_lost`. A return and a further call of the same function may hide in the gap;
/// - the header of another recording: what was open is cut, as by finish();
/// - a switch line whose left side is not the task of the line before it on that processor: as a loss there.
///
/// It never throws for what events say: any depth, pid or processor number is taken, and costs no more memory than its
/// event did. Only std::bad_alloc and FunctionTable's length_error get through; then the forest can be destroyed, no
/// more.
///
/// Memory: 32 bytes a call, 8 more if the source gives times, in blocks of 1,024 calls, and the function table.
/// Views (Call, CallTree, comments) are good until the forest is destroyed or assigned to; moving it keeps them, also
/// `trees()` and `comments()`. A moved from forest may only be destroyed or assigned to. Feeding is for one thread at a
/// time; then any number may read.
class CallForest {
 public:
  /// As the options say; the default keeps no more than calls and their times.
  explicit CallForest(const CallForestOptions& options = {});
  ~CallForest();
  CallForest(CallForest&&) noexcept;
  CallForest& operator=(CallForest&&) noexcept;
  CallForest(const CallForest&) = delete;
  CallForest& operator=(const CallForest&) = delete;

  // The sink.
  /// What a source asks of its sink; see event/sink.hpp.
  [[nodiscard]] FunctionTable& functions() noexcept;
  void on(const GraphEntry& entry);
  void on(const GraphExit& exit);
  void on(const TaskChange& change);
  void on(const Loss& loss);
  void on(const GraphComment& comment);
  void on(const RecordingStart& start);

  /// Says that the events have ended: calls still open are cut here (`no_exit`), and no processor's task is known any
  /// more. Events that come later belong to another recording, with new calls in the same trees. Harmless if repeated.
  void finish();

  /// What the calls' functions are.
  [[nodiscard]] const FunctionTable& functions() const noexcept;
  /// One tree a task, in the order in which the tasks first appeared; see CallTree. Random access.
  [[nodiscard]] auto trees() const& noexcept {
    return std::views::iota(std::size_t{0}, tree_count()) |
           std::views::transform([store = &store()](std::size_t i) { return CallTree{*store, i}; });
  }
  void trees() const&& = delete;
  /// How many of them there are.
  [[nodiscard]] std::size_t tree_count() const noexcept { return store().trees.size(); }
  /// How many calls it holds; `call(0)` to `call(calls() - 1)` are they, in the order in which the trace showed them.
  [[nodiscard]] std::uint32_t calls() const noexcept { return store().size; }
  [[nodiscard]] Call call(std::uint32_t index) const noexcept { return {store(), index}; }
  /// Calls beyond `CallForestOptions::max_calls`.
  [[nodiscard]] std::uint64_t dropped_calls() const noexcept;
  /// How many calls have this mark. Reads all calls.
  [[nodiscard]] std::uint64_t marked(CallMark mark) const noexcept;
  /// Compares each call with the sum of its children. Reads all calls.
  [[nodiscard]] CallConsistency consistency() const noexcept;

  /// How many comments it holds, if it was told to keep them.
  [[nodiscard]] std::size_t comment_count() const noexcept { return store().comments.size(); }
  [[nodiscard]] CallComment comment(std::size_t index) const noexcept { return comment_in(store(), index); }
  /// All of them, in the order of the trace. Random access.
  [[nodiscard]] auto comments() const& noexcept {
    return std::views::iota(std::size_t{0}, comment_count()) |
           std::views::transform([store = &store()](std::size_t i) { return comment_in(*store, i); });
  }
  void comments() const&& = delete;

  /// All that it holds on the heap, the function table included.
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;

 private:
  class Builder;
  friend class ContextSwitches;

  [[nodiscard]] const detail::CallStore& store() const noexcept { return *store_; }
  [[nodiscard]] static CallComment comment_in(const detail::CallStore& store, std::size_t index) noexcept;

  std::unique_ptr<detail::CallStore> store_;
  std::unique_ptr<Builder> builder_;
};

}  // namespace fathom
