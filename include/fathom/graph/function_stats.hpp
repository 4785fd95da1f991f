#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/function_table.hpp>
#include <fathom/graph/call_forest.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

/// What the calls of one function cost.
///
/// Durations are those that the source gave. Each call counts for itself in `total`, so where a function calls itself,
/// the inner calls are in there twice: `outermost_total` leaves out calls inside a call of the same function, and is
/// what the function took of the time.
struct FunctionStat {
  FunctionId function = FunctionId::unknown;  ///< in the forest's table
  std::string_view name;                      ///< as good as the forest is; empty for calls whose function is unknown
  std::string_view module;                    ///< empty for the kernel itself

  std::uint64_t calls = 0;       ///< whose return was seen
  std::uint64_t incomplete = 0;  ///< further ones, whose return was not: they count here and nowhere else
  std::uint64_t timed = 0;       ///< of `calls`, those with a duration: all, unless the source leaves durations out

  Duration total{0};            ///< sum of the durations
  Duration outermost_total{0};  ///< of these, calls that are not inside another timed call of the function
  Duration min{0};              ///< the shortest
  Duration mean{0};             ///< `total / timed`, cut to whole nanoseconds
  Duration p50{0};              ///< the median: nearest rank, so a duration that occurred
  Duration p99{0};              ///< likewise
  Duration max{0};              ///< the longest

  /// What the functions that they called (and that were traced) leave of the durations, over those calls of which every
  /// callee was seen. Never clamped.
  Duration self{0};
  std::uint64_t negative_self = 0;  ///< of the calls in `self`, those whose callees sum to more than the call
  std::uint64_t partial = 0;        ///< timed calls that are not in `self`, since something they called may be missing
  Duration partial_self{0};         ///< what is left of these: at most their own time

  /// Durations by powers of two, as the kernel's `.log2` of hist triggers: element n counts those above 2^(n-1) and up
  /// to 2^n ns, element 0 those of 0 and 1 ns. It ends with the highest that occurred.
  std::vector<std::uint64_t> log2_histogram;
};

/// Which calls to count.
struct CallSelection {
  /// Those entered on this processor.
  std::optional<std::uint32_t> cpu = {};
  /// Those of this task; 0 for the idle tasks of all processors.
  std::optional<std::int32_t> pid = {};
};

/// What the calls of each function cost, sorted as you like.
///
///     const FunctionStats stats = function_stats(forest);
///     for (const FunctionStat& f : stats.by_self_time() | std::views::take(10))
///       std::cout << f.self.count() << ' ' << f.name << '\n';
///
/// A plain value; the names in it are good for as long as the forest. The sorted views refer to it, so they can't be
/// taken of a temporary. Equal keys are in order of name and module, so the result is the same for the same trace.
class FunctionStats {
  enum class Key : std::uint8_t { self, total, calls };

  [[nodiscard]] std::vector<const FunctionStat*> order(Key key) const;
  [[nodiscard]] auto sorted(Key key) const {
    return std::views::transform(order(key), [](const FunctionStat* f) -> const FunctionStat& { return *f; });
  }

 public:
  FunctionStats() = default;
  /// Takes the functions as they are; for function_stats() and its kin.
  explicit FunctionStats(std::vector<FunctionStat> functions);

  /// The functions, by name.
  [[nodiscard]] std::span<const FunctionStat> by_name() const& noexcept { return functions_; }
  void by_name() const&& = delete;
  /// Highest own time first.
  [[nodiscard]] auto by_self_time() const& { return sorted(Key::self); }
  void by_self_time() const&& = delete;
  /// Highest `total` first.
  [[nodiscard]] auto by_total_time() const& { return sorted(Key::total); }
  void by_total_time() const&& = delete;
  /// Most calls first.
  [[nodiscard]] auto by_calls() const& { return sorted(Key::calls); }
  void by_calls() const&& = delete;

  /// The row of a function, null if it has none. The kernel's own unless a module is named.
  [[nodiscard]] const FunctionStat* find(std::string_view name, std::string_view module = {}) const& noexcept;
  void find(std::string_view name, std::string_view module = {}) const&& = delete;
  /// How many functions there are.
  [[nodiscard]] std::size_t size() const noexcept { return functions_.size(); }
  /// All functions' calls, and the sum of their `self`: time that is in no function twice.
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
  [[nodiscard]] Duration self() const noexcept { return self_; }

 private:
  std::vector<FunctionStat> functions_;
  std::uint64_t calls_ = 0;
  Duration self_{0};
};

/// Counts the calls of a forest. Takes some 10 bytes a call while it works, for the percentiles.
[[nodiscard]] FunctionStats function_stats(const CallForest& forest, const CallSelection& selection = {});
void function_stats(const CallForest&& forest, const CallSelection& selection = {}) = delete;  // the names are in it
/// The same for each processor apart, by number; calls without one come last. A call counts where it was entered.
[[nodiscard]] std::vector<std::pair<std::optional<std::uint32_t>, FunctionStats>> function_stats_by_cpu(
    const CallForest& forest);
void function_stats_by_cpu(const CallForest&& forest) = delete;
/// The same for each tree of the forest apart (each task, each idle task), in their order.
[[nodiscard]] std::vector<std::pair<CallTree, FunctionStats>> function_stats_by_tree(const CallForest& forest);
void function_stats_by_tree(const CallForest&& forest) = delete;

}  // namespace fathom
