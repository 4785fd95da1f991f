#include "nearest_rank.hpp"
#include "saturate.hpp"

#include <fathom/graph/detail/call_store.hpp>
#include <fathom/graph/function_stats.hpp>

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

namespace fathom {

namespace {

// The bucket of the kernel's hist_field_log2(): ilog2 of the next power of two.
std::size_t log2_bucket(Duration duration) noexcept {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max(duration, Duration{0}).count());
  return nanoseconds <= 1 ? 0 : 64U - static_cast<unsigned>(std::countl_zero(nanoseconds - 1));
}

// A place for a function in an array. Ids are dense from 0 and the unknown function's is the highest number, so that
// one more makes it 0.
std::uint32_t slot_of(FunctionId function) noexcept {
  return static_cast<std::uint32_t>(function) + 1U;
}

// Takes calls one by one, then makes the table and is empty again. It costs what its calls do, not what all functions
// would: text can have a task or a processor for each line, and as many functions.
class Collector {
 public:
  void add(const Call& call, bool outermost) {
    Row& row = row_of(call.function());
    if (call.has(CallMark::no_exit)) {
      ++row.stat.incomplete;
      return;
    }
    ++row.stat.calls;
    const std::optional<Duration> duration = call.duration();
    if (!duration)
      return;
    row.durations.push_back(*duration);
    row.stat.total = detail::add(row.stat.total, *duration);
    if (outermost)
      row.stat.outermost_total = detail::add(row.stat.outermost_total, *duration);
    const Duration self = detail::subtract(*duration, call.children_time());
    if (!call.complete()) {
      ++row.stat.partial;
      row.stat.partial_self = detail::add(row.stat.partial_self, self);
      return;
    }
    row.stat.self = detail::add(row.stat.self, self);
    if (self < Duration{0})
      ++row.stat.negative_self;
  }

  FunctionStats finish(const FunctionTable& functions) {
    std::vector<FunctionStat> stats;
    stats.reserve(rows_.size());
    for (Row& row : rows_) {
      row_at_[slot_of(row.stat.function)] = kNoRow;
      row.stat.name = functions[row.stat.function].name;
      row.stat.module = functions[row.stat.function].module;
      summarize(row);
      stats.push_back(std::move(row.stat));
    }
    rows_.clear();
    return FunctionStats{std::move(stats)};
  }

 private:
  static constexpr std::uint32_t kNoRow = 0xffff'ffff;

  struct Row {
    FunctionStat stat;
    std::vector<Duration> durations;
  };

  Row& row_of(FunctionId function) {
    const std::uint32_t slot = slot_of(function);
    row_at_.make_block_of(slot, kNoRow);
    std::uint32_t& at = row_at_[slot];
    if (at == kNoRow) {
      at = static_cast<std::uint32_t>(rows_.size());
      rows_.emplace_back().stat.function = function;
    }
    return rows_[at];
  }

  static void summarize(Row& row) {
    FunctionStat& stat = row.stat;
    stat.timed = row.durations.size();
    if (row.durations.empty())
      return;
    const auto [min, max] = std::ranges::minmax(row.durations);
    stat.min = min;
    stat.max = max;
    stat.mean = Duration{stat.total.count() / static_cast<Duration::rep>(stat.timed)};
    stat.log2_histogram.resize(log2_bucket(stat.max) + 1);
    for (const Duration duration : row.durations)
      ++stat.log2_histogram[log2_bucket(duration)];
    stat.p50 = detail::nearest_rank(row.durations, 50);
    stat.p99 = detail::nearest_rank(row.durations, 99);
    row.durations = {};
  }

  std::vector<Row> rows_;
  detail::CallColumn<std::uint32_t> row_at_;  // by slot; in blocks, since it may be few of many functions
};

// Visits the calls of one tree after the other. It counts for all trees in one array, which is all zeros in between.
class Visitor {
 public:
  explicit Visitor(const FunctionTable& functions) : open_(functions.size() + 2) {}

  // Calls `use(call, outermost)` for each call of a tree, where `outermost` says that no timed call of the same
  // function contains it.
  template <class Use>
  void visit(const CallTree& tree, const Use& use) {
    const std::size_t spare = open_.size() - 1;
    for (const Call call : tree.preorder()) {
      const std::optional<Call> parent = call.parent();
      const detail::CallIndex caller = parent ? parent->index() : detail::kNoCall;
      while (!path_.empty() && path_.back().call != caller)
        close_last();
      const std::size_t function = slot_of(call.function());
      use(call, open_[function] == 0);
      if (!call.children().empty()) {
        // What has no duration was not counted, so nothing in it counts twice.
        const std::size_t slot = call.duration() ? function : spare;
        path_.push_back({call.index(), slot});
        ++open_[slot];
      }
    }
    while (!path_.empty())
      close_last();
  }

 private:
  struct Open {
    std::uint32_t call;
    std::size_t slot;
  };

  void close_last() noexcept {
    --open_[path_.back().slot];
    path_.pop_back();
  }

  std::vector<Open> path_;
  std::vector<std::uint32_t> open_;  // by slot: one a function, the unknown one, and a spare
};

}  // namespace

FunctionStats::FunctionStats(std::vector<FunctionStat> functions) : functions_(std::move(functions)) {
  std::ranges::sort(functions_, {}, [](const FunctionStat& f) { return std::pair{f.name, f.module}; });
  for (const FunctionStat& f : functions_) {
    calls_ += f.calls;
    self_ = detail::add(self_, f.self);
  }
}

std::vector<const FunctionStat*> FunctionStats::order(Key key) const {
  std::vector<const FunctionStat*> order;
  order.reserve(functions_.size());
  for (const FunctionStat& f : functions_)
    order.push_back(&f);
  const auto value = [key](const FunctionStat* f) -> std::int64_t {
    switch (key) {
      case Key::self:
        return f->self.count();
      case Key::total:
        return f->total.count();
      case Key::calls:
        return static_cast<std::int64_t>(f->calls);
    }
    return 0;
  };
  std::ranges::sort(order, [&value](const FunctionStat* a, const FunctionStat* b) {
    return value(a) != value(b) ? value(a) > value(b) : a < b;  // the rows stand by name
  });
  return order;
}

const FunctionStat* FunctionStats::find(std::string_view name, std::string_view module) const& noexcept {
  const auto at = std::ranges::lower_bound(functions_, std::pair{name, module}, {},
                                           [](const FunctionStat& f) { return std::pair{f.name, f.module}; });
  return at != functions_.end() && at->name == name && at->module == module ? &*at : nullptr;
}

FunctionStats function_stats(const CallForest& forest, const CallSelection& selection) {
  Collector collector;
  Visitor visitor{forest.functions()};
  for (const CallTree tree : forest.trees()) {
    const std::optional<Task> task = tree.task();
    if (selection.pid && (!task || task->pid != *selection.pid))
      continue;
    visitor.visit(tree, [&](const Call& call, bool outermost) {
      if (!selection.cpu || call.cpu() == selection.cpu)
        collector.add(call, outermost);
    });
  }
  return collector.finish(forest.functions());
}

std::vector<std::pair<std::optional<std::uint32_t>, FunctionStats>> function_stats_by_cpu(const CallForest& forest) {
  std::map<std::uint32_t, Collector> collectors;
  Visitor visitor{forest.functions()};
  for (const CallTree tree : forest.trees())
    visitor.visit(tree, [&](const Call& call, bool outermost) {
      collectors[call.cpu().value_or(detail::kUnknownCpu)].add(call, outermost);
    });
  std::vector<std::pair<std::optional<std::uint32_t>, FunctionStats>> result;
  result.reserve(collectors.size());
  for (auto& [cpu, collector] : collectors)
    result.emplace_back(cpu == detail::kUnknownCpu ? std::nullopt : std::optional{cpu},
                        collector.finish(forest.functions()));
  return result;
}

std::vector<std::pair<CallTree, FunctionStats>> function_stats_by_tree(const CallForest& forest) {
  std::vector<std::pair<CallTree, FunctionStats>> result;
  result.reserve(forest.tree_count());
  Collector collector;
  Visitor visitor{forest.functions()};
  for (const CallTree tree : forest.trees()) {
    visitor.visit(tree, [&](const Call& call, bool outermost) { collector.add(call, outermost); });
    result.emplace_back(tree, collector.finish(forest.functions()));
  }
  return result;
}

}  // namespace fathom
