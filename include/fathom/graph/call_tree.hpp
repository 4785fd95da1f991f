#pragma once

#include <fathom/event/events.hpp>
#include <fathom/graph/call.hpp>
#include <fathom/graph/detail/call_store.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>

namespace fathom {

/// What one task called, in order, across the processors it ran on: a small view into a CallForest.
///
///     for (const CallTree tree : forest.trees())
///       for (const Call call : tree.preorder())
///         std::cout << std::string(2 * call.depth(), ' ') << call.name() << '\n';
///
/// Three kinds of tree are not simply one task's:
/// - The idle task: pid 0 exists once on each processor, so there is a tree for each, with `cpu()`.
/// - An unknown task: default text names no task before a processor's first switch line. Where that line comes, its
///   left side names the tree; where none comes (a trace of one task, `set_ftrace_pid`), `task()` stays absent.
/// - A fragment: when the switch line came, its task had a tree already, from another processor. How the two fit
///   together the text doesn't say, so the lines from before the switch line stay a tree of their own, with the task's
///   name, and calls open at its end have `no_exit`.
///
/// Lifetimes and threads as for Call.
class CallTree {
 public:
  /// Of no forest: it may be compared, assigned to and destroyed, and nothing else.
  CallTree() = default;
  /// For CallForest.
  CallTree(const detail::CallStore& store, std::size_t index) noexcept : store_(&store), index_(index) {}

  /// Its place in `CallForest::trees()`.
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  /// Whose it is; absent where the trace doesn't say. `comm` is the newest that the trace gave on a switch to it.
  [[nodiscard]] std::optional<Task> task() const noexcept;
  /// The processor, for an idle task's tree and an unknown task's, if the source gives processors.
  [[nodiscard]] std::optional<std::uint32_t> cpu() const noexcept;
  /// The tree of a processor's idle task.
  [[nodiscard]] bool idle() const noexcept { return record().pid == 0; }
  /// Calls of a task that has another tree, too; see above.
  [[nodiscard]] bool fragment() const noexcept { return record().fragment; }
  /// How many calls it holds.
  [[nodiscard]] std::uint64_t calls() const noexcept { return record().calls; }
  /// The calls that no other call here contains, in order.
  [[nodiscard]] CallChildren roots() const noexcept { return {*store_, record().first_root}; }
  /// All its calls, callers before what they called.
  [[nodiscard]] CallsPreorder preorder() const noexcept { return {*store_, record().first_root, detail::kNoCall}; }

  friend bool operator==(const CallTree&, const CallTree&) = default;

 private:
  [[nodiscard]] const detail::CallTreeRecord& record() const noexcept { return store_->trees[index_]; }

  const detail::CallStore* store_ = nullptr;
  std::size_t index_ = 0;
};

}  // namespace fathom
