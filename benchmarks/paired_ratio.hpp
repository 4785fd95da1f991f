#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

namespace fathom::bench {

/// How long one thing takes against another that does the same, measured turn by turn in one run: a busy machine slows
/// both. Adds to the benchmark's line the median of the turns' ratios, and the ends of its 95 % interval (from order
/// statistics, so that it asks nothing of the distribution).
/// What both need is made by `prepare` before each turn, and takes none of the time.
template <class Ours, class Theirs, class Prepare>
void paired_ratio(benchmark::State& state, Ours ours, Theirs theirs, Prepare prepare) {
  using Clock = std::chrono::steady_clock;
  const auto time = [](auto& work) {
    const auto start = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<double> ratios;
  bool ours_first = false;
  prepare();
  ours();
  theirs();
  for ([[maybe_unused]] auto _ : state) {
    prepare();
    double our_time = 0;
    double their_time = 0;
    ours_first = !ours_first;
    if (ours_first) {
      our_time = time(ours);
      their_time = time(theirs);
    } else {
      their_time = time(theirs);
      our_time = time(ours);
    }
    ratios.push_back(our_time / their_time);
    state.SetIterationTime(our_time);
  }
  std::ranges::sort(ratios);
  const auto at = [&](double rank) {
    const double last = static_cast<double>(ratios.size() - 1);
    return ratios[static_cast<std::size_t>(std::clamp(rank, 0.0, last))];
  };
  const auto count = static_cast<double>(ratios.size());
  const double half = 0.98 * std::sqrt(count);  // 1.96 standard deviations of a binomial with p = 1/2
  state.counters["ratio"] = at(count / 2);
  state.counters["low"] = at(std::floor(count / 2 - half));
  state.counters["high"] = at(std::ceil(count / 2 + half));
}

template <class Ours, class Theirs>
void paired_ratio(benchmark::State& state, Ours ours, Theirs theirs) {
  paired_ratio(state, ours, theirs, [] {});
}

}  // namespace fathom::bench
