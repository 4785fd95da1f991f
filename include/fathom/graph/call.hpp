#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/function_table.hpp>
#include <fathom/graph/detail/call_store.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <string_view>

namespace fathom {

/// What is not known about a call. A call without any of these but `parents_unknown` is complete.
enum class CallMark : std::uint8_t {
  no_entry = 1U << 0U,  ///< its entry was not seen: it began before the trace, or the entry was lost. `duration()` is
                        ///< the whole call's, but what it called before its first seen child is missing
  no_exit = 1U << 1U,   ///< its return was not seen: the trace ended, or the exit was lost. It has no duration
  children_lost = 1U << 2U,  ///< something it called may be missing, or is there without its duration: the kernel lost
                             ///< events while it was open, or a call in it has no exit. `self_time()` is at most this
  mismatched = 1U << 3U,     ///< at its depth the trace shows the entry of one function and the exit of another; both
                             ///< stand side by side with this mark, and what lies between is under the first
  parents_unknown = 1U << 4U,   ///< one or more callers between it and its parent here were not seen
  interrupted_exit = 1U << 5U,  ///< an interrupt came after the kernel had taken the time of its return and before it
                                ///< recorded that: the interrupt's calls stand last in it, and are not in its duration
};
/// All of them, in the order of the enumerators.
inline constexpr std::array kCallMarks = {CallMark::no_entry,   CallMark::no_exit,         CallMark::children_lost,
                                          CallMark::mismatched, CallMark::parents_unknown, CallMark::interrupted_exit};

/// The mark's identifier: `no_entry`.
[[nodiscard]] std::string_view to_string(CallMark mark) noexcept;

/// The marks of one call.
class CallMarks {
 public:
  constexpr CallMarks() = default;
  /// From the sum of the marks' values.
  constexpr explicit CallMarks(std::uint8_t bits) noexcept : bits_(bits) {}

  /// Whether this mark is among them.
  [[nodiscard]] constexpr bool has(CallMark mark) const noexcept {
    return (bits_ & static_cast<std::uint8_t>(mark)) != 0;
  }
  /// Whether the call is complete in every respect.
  [[nodiscard]] constexpr bool none() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(CallMarks, CallMarks) = default;

 private:
  std::uint8_t bits_ = 0;
};

class CallChildren;
class CallsPreorder;

/// One call of a function, as the trace shows it: a small view into its CallForest, to be copied at will.
///
///     for (const Call call : tree.roots())
///       for (const Call child : call.children())
///         if (child.complete()) use(child.name(), *child.duration(), *child.self_time());
///
/// Good for as long as the forest lives, also when that is moved; what it says may change while the forest still takes
/// events. Reading is safe from several threads while nothing feeds the forest. Times are in nanoseconds, as the kernel
/// printed them.
class Call {
 public:
  /// Of no forest: it may be compared, assigned to and destroyed, and nothing else.
  Call() = default;
  /// For CallForest and its views.
  Call(const detail::CallStore& store, detail::CallIndex index) noexcept : store_(&store), index_(index) {}

  /// The number of the call in its forest, from 0 in the order in which the trace first showed the calls.
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  /// The function's number in the forest's table; unknown where text had only a closing brace.
  [[nodiscard]] FunctionId function() const noexcept { return node().function; }
  /// The function's name; empty where it is unknown.
  [[nodiscard]] std::string_view name() const noexcept { return store_->functions[node().function].name; }
  /// The module that the function is in; empty for the kernel itself.
  [[nodiscard]] std::string_view module() const noexcept { return store_->functions[node().function].module; }

  /// From entry to return, as the source gave it; absent where the return was not seen or the source keeps no times.
  [[nodiscard]] std::optional<Duration> duration() const noexcept;
  /// The true duration is less than this above `duration()`: the kernel prints at most seven digits.
  [[nodiscard]] Duration precision() const noexcept { return node().precision(); }
  /// What the children leave of `duration()`: the call's own time and that of what it called untraced. Never clamped:
  /// it is below zero where the children sum to more than the call, by less than `precision()` in a sound trace. With
  /// `children_lost` or `no_entry` it is an upper bound, with `interrupted_exit` it is too low.
  [[nodiscard]] std::optional<Duration> self_time() const noexcept;
  /// The sum of the children's known durations.
  [[nodiscard]] Duration children_time() const noexcept;
  /// When it was entered, if the source says (funcgraph-abstime: microseconds) and the entry was seen.
  [[nodiscard]] std::optional<Timestamp> entry_time() const noexcept { return store_->entry_time(index_); }

  /// What is not known about it.
  [[nodiscard]] CallMarks marks() const noexcept { return CallMarks{node().marks}; }
  [[nodiscard]] bool has(CallMark mark) const noexcept { return marks().has(mark); }
  /// Entry, return and everything traced between them were seen, so that `self_time()` is what it says.
  [[nodiscard]] bool complete() const noexcept {
    constexpr auto kParents = static_cast<std::uint8_t>(CallMark::parents_unknown);
    return (node().marks & static_cast<std::uint8_t>(~kParents)) == 0;
  }

  /// How many calls were above it on its stack, as the kernel counted; at most 65,535 (kernels nest some 200 deep).
  [[nodiscard]] std::uint32_t depth() const noexcept { return node().depth; }
  /// The processor on which it was entered (on which it returned, where the entry was not seen). A call can end on
  /// another.
  [[nodiscard]] std::optional<std::uint32_t> cpu() const noexcept;
  /// The call that it is under here: its caller, unless `parents_unknown`. Absent for a root.
  [[nodiscard]] std::optional<Call> parent() const noexcept;
  /// The calls under it, in order.
  [[nodiscard]] CallChildren children() const noexcept;
  /// It and all calls below it, callers before what they called.
  [[nodiscard]] CallsPreorder preorder() const noexcept;
  /// The place of its tree in `CallForest::trees()`. Walks up to the root.
  [[nodiscard]] std::size_t tree_index() const noexcept;

  // What was printed beside it: empty or absent unless the forest was told to keep details.

  /// Arguments as printed, without the parentheses (funcgraph-args).
  [[nodiscard]] std::string_view args() const noexcept;
  /// Return address as printed (funcgraph-retaddr).
  [[nodiscard]] std::string_view caller() const noexcept;
  /// The return register (funcgraph-retval).
  [[nodiscard]] std::optional<std::uint64_t> retval() const noexcept;
  /// Calls that were too deep to record, as funcgraph-overrun gives them.
  [[nodiscard]] std::optional<std::uint64_t> overruns() const noexcept;

  friend bool operator==(const Call&, const Call&) = default;

 private:
  friend class CallChildren;
  friend class CallsPreorder;

  [[nodiscard]] const detail::CallNode& node() const noexcept { return store_->nodes[index_]; }

  const detail::CallStore* store_ = nullptr;
  detail::CallIndex index_ = detail::kNoCall;
};

/// The children of a call, or the roots of a tree, in order: a forward range of Call.
class CallChildren : public std::ranges::view_interface<CallChildren> {
 public:
  class Iterator {
   public:
    using value_type = Call;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;

    Iterator() = default;
    explicit Iterator(Call call) noexcept : call_(call) {}
    Call operator*() const noexcept { return call_; }
    Iterator& operator++() noexcept {
      call_.index_ = call_.node().next_sibling;
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.call_.index() == detail::kNoCall;
    }

   private:
    Call call_;
  };

  CallChildren() = default;
  CallChildren(const detail::CallStore& store, detail::CallIndex first) noexcept : first_(store, first) {}
  /// The range, as the standard library asks for it.
  [[nodiscard]] Iterator begin() const noexcept { return Iterator{first_}; }
  [[nodiscard]] static std::default_sentinel_t end() noexcept { return std::default_sentinel; }

 private:
  Call first_;
};

/// A call and all below it, or all calls of a tree, each before what it called: a forward range of Call. It follows the
/// links and needs no stack, however deep the calls are.
class CallsPreorder : public std::ranges::view_interface<CallsPreorder> {
 public:
  class Iterator {
   public:
    using value_type = Call;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;

    Iterator() = default;
    Iterator(Call call, detail::CallIndex top) noexcept : call_(call), top_(top) {}
    Call operator*() const noexcept { return call_; }
    Iterator& operator++() noexcept;
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.call_.index() == detail::kNoCall;
    }

   private:
    Call call_;
    detail::CallIndex top_ = detail::kNoCall;  // the call that is not left; none for a whole tree
  };

  CallsPreorder() = default;
  /// For Call and CallTree.
  CallsPreorder(const detail::CallStore& store, detail::CallIndex first, detail::CallIndex top) noexcept
      : first_(store, first), top_(top) {}
  /// The range, as the standard library asks for it.
  [[nodiscard]] Iterator begin() const noexcept { return Iterator{first_, top_}; }
  [[nodiscard]] static std::default_sentinel_t end() noexcept { return std::default_sentinel; }

 private:
  Call first_;
  detail::CallIndex top_ = detail::kNoCall;
};

}  // namespace fathom

template <>
inline constexpr bool std::ranges::enable_borrowed_range<fathom::CallChildren> = true;
template <>
inline constexpr bool std::ranges::enable_borrowed_range<fathom::CallsPreorder> = true;
