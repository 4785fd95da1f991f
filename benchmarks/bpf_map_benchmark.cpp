// Typed maps against libbpf's own calls on the same map. Needs CAP_BPF; without it every benchmark says so.
#include "paired_ratio.hpp"

#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/hash_map.hpp>

#include <benchmark/benchmark.h>

#include <bpf/bpf.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <numeric>
#include <optional>
#include <vector>

namespace {

using fathom::bench::paired_ratio;

constexpr std::uint32_t kEntries = 10'000;
constexpr std::uint32_t kCalls = 500;  // in one turn

struct Count {
  std::uint64_t calls;
  std::uint64_t bytes;
  std::uint64_t spent;
};
using Table = fathom::HashMap<std::uint32_t, Count>;

std::optional<Table> full_table(benchmark::State& state) {
  try {
    auto table = Table::create({.name = "benchmark", .max_entries = kEntries});
    for (std::uint32_t i = 0; i < kEntries; ++i)
      table.update(i, {i, i, i});
    return table;
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
    return std::nullopt;
  }
}

void look_up(benchmark::State& state) {
  const auto table = full_table(state);
  if (!table)
    return;
  const int fd = table->map().native_handle();
  std::uint64_t ours = 0;
  std::uint64_t theirs = 0;
  paired_ratio(
      state,
      [&] {
        for (std::uint32_t key = 0; key < kCalls; ++key)
          ours += table->find(key)->calls;
      },
      [&] {
        for (std::uint32_t key = 0; key < kCalls; ++key) {
          Count count{};
          if (::bpf_map_lookup_elem(fd, &key, &count) == 0)
            theirs += count.calls;
        }
      });
  if (ours != theirs)
    state.SkipWithError("another answer than libbpf's");
}

void update(benchmark::State& state) {
  const auto table = full_table(state);
  if (!table)
    return;
  const int fd = table->map().native_handle();
  paired_ratio(
      state,
      [&] {
        for (std::uint32_t key = 0; key < kCalls; ++key)
          table->update(key, {key, 1, 1});
      },
      [&] {
        for (std::uint32_t key = 0; key < kCalls; ++key) {
          const Count count{key, 2, 2};
          if (::bpf_map_update_elem(fd, &key, &count, BPF_ANY) != 0)
            state.SkipWithError("libbpf cannot update");
        }
      });
  table->update(7, {7, 8, 9});
  if (table->find(7)->spent != 9)
    state.SkipWithError("the update is not there");
}

void look_up_batch(benchmark::State& state) {
  const auto table = full_table(state);
  if (!table)
    return;
  const int fd = table->map().native_handle();
  std::vector<std::uint32_t> keys(1000);
  std::vector<Count> values(1000);
  std::uint64_t ours = 0;
  std::uint64_t theirs = 0;
  paired_ratio(
      state,
      [&] {
        for (fathom::MapCursor cursor; !cursor.at_end();)
          ours += table->lookup_batch(cursor, keys, values);
      },
      [&] {
        std::uint32_t position = 0;
        int error = 0;
        for (bool first = true; error == 0; first = false) {
          std::uint32_t count = 1000;
          error = ::bpf_map_lookup_batch(fd, first ? nullptr : &position, &position, keys.data(), values.data(), &count,
                                         nullptr);
          theirs += count;
        }
      });
  if (ours != theirs || ours % kEntries != 0)
    state.SkipWithError("another number of entries than libbpf's");
}

void update_batch(benchmark::State& state) {
  const auto table = full_table(state);
  if (!table)
    return;
  const int fd = table->map().native_handle();
  std::vector<std::uint32_t> keys(1000);
  std::iota(keys.begin(), keys.end(), 0U);
  const std::vector<Count> values(1000, Count{1, 2, 3});
  paired_ratio(
      state, [&] { table->update_batch(keys, values); },
      [&] {
        std::uint32_t count = 1000;
        if (::bpf_map_update_batch(fd, keys.data(), values.data(), &count, nullptr) != 0 || count != 1000)
          state.SkipWithError("libbpf cannot update");
      });
  if (table->find(999)->spent != 3)
    state.SkipWithError("the update is not there");
}

// All entries, as a range here and key by key there, which is how it is mostly done.
void entries_against_next_key(benchmark::State& state) {
  const auto table = full_table(state);
  if (!table)
    return;
  const int fd = table->map().native_handle();
  std::uint64_t ours = 0;
  std::uint64_t theirs = 0;
  paired_ratio(
      state,
      [&] {
        for (const auto& [key, value] : table->entries())
          ours += value.calls;
      },
      [&] {
        std::uint32_t key = 0;
        for (const void* from = nullptr; ::bpf_map_get_next_key(fd, from, &key) == 0; from = &key) {
          Count count{};
          if (::bpf_map_lookup_elem(fd, &key, &count) == 0)
            theirs += count.calls;
        }
      });
  if (ours != theirs)
    state.SkipWithError("another answer than libbpf's");
}

}  // namespace

BENCHMARK(look_up)->UseManualTime();
BENCHMARK(update)->UseManualTime();
BENCHMARK(look_up_batch)->UseManualTime();
BENCHMARK(update_batch)->UseManualTime();
BENCHMARK(entries_against_next_key)->UseManualTime();

BENCHMARK_MAIN();
