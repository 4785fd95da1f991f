#include "bpf_map_support.hpp"
#include "counting_allocator.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/bpf/lpm_trie.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace fathom::live {
namespace {

using ::testing::HasSubstr;
using Table = HashMap<Point, std::uint64_t>;

TEST_F(BpfMapTest, HashMapDoesWhatTheStandardMapDoes) {
  constexpr std::size_t kMost = 200;
  const auto table = Table::create({.name = "model", .max_entries = kMost});
  std::map<Point, std::uint64_t> model;
  std::minstd_rand random(4711);
  for (int step = 0; step < 20'000; ++step) {
    const Point key{static_cast<std::uint32_t>(random() % 20), static_cast<std::uint32_t>(random() % 20)};
    const std::uint64_t value = random();
    const bool there = model.contains(key);
    const bool full = !there && model.size() == kMost;
    switch (random() % 6) {
      case 0:
        ASSERT_EQ(table.find(key), there ? std::optional(model[key]) : std::nullopt);
        ASSERT_EQ(table.contains(key), there);
        break;
      case 1:
        if (full) {
          ASSERT_EQ(cause_of([&] { table.insert(key, value); }), BpfCause::resource);
          break;
        }
        ASSERT_EQ(table.insert(key, value), !there);
        model.emplace(key, value);
        break;
      case 2:
        ASSERT_EQ(table.assign(key, value), there);
        if (there)
          model[key] = value;
        break;
      case 3:
        if (full)
          break;
        table.update(key, value);
        model[key] = value;
        break;
      case 4:
        ASSERT_EQ(table.erase(key), there);
        model.erase(key);
        break;
      default:
        ASSERT_EQ(table.take(key), there ? std::optional(model[key]) : std::nullopt);
        model.erase(key);
    }
    if (step % 1000 == 0) {
      std::map<Point, std::uint64_t> all;
      for (const auto& [k, v] : table.entries())
        ASSERT_TRUE(all.emplace(k, v).second);
      ASSERT_EQ(all, model);
      ASSERT_EQ(table.count(), model.size());
    }
  }
}

TEST_F(BpfMapTest, AFullMapSaysHowMuchRoomItHas) {
  const auto table = HashMap<int, int>::create({.name = "small", .max_entries = 2});
  table.update(1, 1);
  table.update(2, 2);
  EXPECT_THAT(error_of([&] { table.update(3, 3); }), HasSubstr("it has room for 2 entries"));
}

TEST_F(BpfMapTest, BatchesSetReadTakeAndErase) {
  constexpr std::uint32_t kEntries = 5000;
  const auto table = HashMap<std::uint32_t, std::uint64_t>::create({.name = "batches", .max_entries = kEntries});
  std::vector<std::uint32_t> keys(kEntries);
  std::vector<std::uint64_t> values(kEntries);
  for (std::uint32_t i = 0; i < kEntries; ++i)
    values[i] = (keys[i] = i) * 3ULL;
  table.update_batch(keys, values);
  EXPECT_EQ(table.count(), kEntries);

  std::vector<std::uint32_t> some(512);
  std::vector<std::uint64_t> theirs(512);
  std::set<std::uint32_t> seen;
  MapCursor cursor;
  while (!cursor.at_end()) {
    const std::size_t count = table.lookup_batch(cursor, some, theirs);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(theirs[i], some[i] * 3ULL);
      EXPECT_TRUE(seen.insert(some[i]).second);
    }
  }
  EXPECT_EQ(seen.size(), kEntries);
  EXPECT_EQ(table.lookup_batch(cursor, some, theirs), 0U);

  // Keys that are not there are passed over.
  EXPECT_EQ(table.erase_batch(std::vector<std::uint32_t>{9999, 1, 2, 9998, 9997, 3, 9999}), 3U);
  EXPECT_FALSE(table.contains(2));

  std::size_t taken = 0;
  for (MapCursor take; !take.at_end();)
    taken += table.take_batch(take, some, theirs);
  EXPECT_EQ(taken, kEntries - 3);
  EXPECT_EQ(table.count(), 0U);
}

TEST_F(BpfMapTest, ABatchThatDoesNotFitSaysHowFarItCame) {
  const auto table = HashMap<int, int>::create({.name = "few", .max_entries = 2});
  const std::vector<int> numbers{1, 2, 3};
  EXPECT_THAT(error_of([&] { table.update_batch(numbers, numbers); }), HasSubstr("2 of 3 entries were set"));
}

// Those that stay must come exactly once while another thread adds and removes the others all the time.
TEST_F(BpfMapTest, EntriesThatStayComeOnceWhileOthersChange) {
  constexpr std::uint32_t kStay = 300;
  const auto table = HashMap<std::uint32_t, std::uint32_t>::create({.name = "busy", .max_entries = 1000});
  for (std::uint32_t i = 0; i < kStay; ++i)
    table.update(i, i);
  std::atomic<bool> stop = false;
  std::thread other([&] {
    std::minstd_rand random(1);
    while (!stop) {
      const auto key = kStay + static_cast<std::uint32_t>(random() % 600);
      if (!table.erase(key))
        table.update(key, key);
    }
  });
  for (int round = 0; round < 100; ++round) {
    std::map<std::uint32_t, int> times;
    for (const auto& [key, value] : table.entries())
      ++times[key];
    for (std::uint32_t i = 0; i < kStay; ++i)
      EXPECT_EQ(times[i], 1);
    EXPECT_TRUE(std::ranges::all_of(times, [](const auto& t) { return t.second == 1; }));
  }
  stop = true;
  other.join();
}

TEST_F(BpfMapTest, ALoopMayEraseWhatItIsAt) {
  const auto table = HashMap<int, int>::create({.name = "erasing", .max_entries = 1000});
  for (int i = 0; i < 1000; ++i)
    table.update(i, i);
  for (const auto& [key, value] : table.entries()) {
    if (key % 2 == 0)
      table.erase(key);
  }
  EXPECT_EQ(table.count(), 500U);
}

TEST_F(BpfMapTest, LruMapsThrowOutTheOld) {
  const auto table = LruHashMap<std::uint32_t, std::uint32_t>::create({.name = "lru", .max_entries = 64});
  for (std::uint32_t i = 0; i < 1000; ++i)
    table.update(i, i);
  EXPECT_LE(table.count(), 64U);
  EXPECT_EQ(table.find(999), 999U);
  EXPECT_EQ(table.find(0), std::nullopt);
}

TEST_F(BpfMapTest, PerCpuMapsHaveAValueForEachPossibleCpu) {
  const std::size_t cpus = CpuSet::possible().size();
  const auto check = [&](const auto& table) {
    auto value = table.make_value();
    ASSERT_EQ(value.size(), cpus);
    for (std::size_t cpu = 0; cpu < cpus; ++cpu)
      value[cpu] = static_cast<std::uint32_t>(cpu + 1);
    table.update(1, value);
    const auto read = table.find(1);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, value);
    EXPECT_EQ(read->sum(), cpus * (cpus + 1) / 2);
    std::size_t entries = 0;
    for (const auto& [key, all] : table.entries()) {
      ++entries;
      EXPECT_EQ(all, key == 1 ? value : table.make_value());
    }
    EXPECT_EQ(entries, table.map().type() == BpfMapType::percpu_array ? 3U : 1U);
  };
  check(PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.name = "percpu", .max_entries = 3}));
  check(LruPerCpuHashMap<std::uint32_t, std::uint32_t>::create({.name = "lru_percpu", .max_entries = 300}));
  check(PerCpuArrayMap<std::uint32_t>::create({.name = "percpu_array", .max_entries = 3}));
}

TEST_F(BpfMapTest, PerCpuValuesOfAnotherNumberOfCpusAreRefused) {
  const auto check = [](const auto& table, auto other) {
    auto value = table.make_value();
    value[0] = 7;
    table.update(1, value);
    const auto before = other;
    const std::string why =
        "the value is for " + std::to_string(other.size()) + " CPUs, the map's for " + std::to_string(value.size());
    EXPECT_THAT(error_of([&] { static_cast<void>(table.find(1, other)); }), testing::HasSubstr(why));
    EXPECT_EQ(other, before);
    EXPECT_THAT(error_of([&] { table.update(1, other); }), testing::HasSubstr(why));
    EXPECT_THAT(error_of([&] { static_cast<void>(table.assign(1, other)); }), testing::HasSubstr(why));
    EXPECT_EQ(table.find(1), value);
  };
  const std::size_t cpus = CpuSet::possible().size();
  const auto table = PerCpuHashMap<std::uint32_t, std::uint32_t>::create({.name = "percpu", .max_entries = 3});
  check(table, PerCpu<std::uint32_t>(0));
  check(table, PerCpu<std::uint32_t>(cpus - 1));
  check(PerCpuArrayMap<std::uint32_t>::create({.name = "percpu_array", .max_entries = 3}),
        PerCpu<std::uint32_t>(cpus + 1));
}

TEST_F(BpfMapTest, PerCpuValuesAreTakenWhole) {
  const auto table = PerCpuHashMap<int, std::uint64_t>::create({.name = "percpu", .max_entries = 3});
  auto value = table.make_value();
  value[value.size() - 1] = 9;
  EXPECT_TRUE(table.insert(1, value));
  EXPECT_EQ(table.take(1), value);
  EXPECT_EQ(table.take(1), std::nullopt);
  EXPECT_EQ(table.erase_batch(std::vector<int>{1, 2}), 0U);
}

TEST_F(BpfMapTest, LookUpsAndUpdatesAllocateNothing) {
  const auto table = HashMap<int, Point>::create({.name = "quiet", .max_entries = 3});
  const auto percpu = PerCpuHashMap<int, Point>::create({.name = "quiet_percpu", .max_entries = 3});
  auto value = percpu.make_value();
  std::array<int, 3> keys{1, 2, 3};
  std::array<Point, 3> values{};
  const std::size_t before = test::allocations();
  table.update(1, {2, 3});
  static_cast<void>(table.find(1));
  static_cast<void>(table.find(2));
  table.insert(2, {});
  table.assign(2, {});
  static_cast<void>(table.take(2));
  table.erase(1);
  table.update_batch(keys, values);
  MapCursor cursor;
  static_cast<void>(table.lookup_batch(cursor, keys, values));
  table.erase_batch(keys);
  percpu.update(1, value);
  static_cast<void>(percpu.find(1, value));
  EXPECT_EQ(test::allocations(), before);
}

TEST_F(BpfMapTest, ArraysHaveAllTheirElements) {
  const auto array = ArrayMap<Point>::create({.name = "array", .max_entries = 1000});
  EXPECT_EQ(array.find(999), (Point{0, 0}));
  EXPECT_EQ(array.find(1000), std::nullopt);
  EXPECT_EQ(cause_of([&] { array.update(1000, {}); }), BpfCause::resource);
  array.update(7, {1, 2});
  std::uint32_t next = 0;
  for (const auto& [index, value] : array.entries()) {
    EXPECT_EQ(index, next++);
    EXPECT_EQ(value, (index == 7 ? Point{1, 2} : Point{0, 0}));
  }
  EXPECT_EQ(next, 1000U);
  array.update_batch(std::vector<std::uint32_t>{1, 2}, std::vector<Point>{{3, 4}, {5, 6}});
  EXPECT_EQ(array.find(2), (Point{5, 6}));
}

using Subnet = LpmKey<std::array<std::uint8_t, 4>>;

TEST_F(BpfMapTest, TriesFindTheLongestPrefix) {
  const auto routes = LpmTrie<Subnet, std::uint32_t>::create({.name = "routes", .max_entries = 100});
  routes.update({8, {10, 0, 0, 0}}, 1);
  EXPECT_TRUE(routes.insert({16, {10, 1, 0, 0}}, 2));
  EXPECT_FALSE(routes.insert({16, {10, 1, 0, 0}}, 3));
  EXPECT_FALSE(routes.assign({16, {10, 2, 0, 0}}, 3));
  EXPECT_EQ(routes.find({32, {10, 1, 2, 3}}), 2U);
  EXPECT_EQ(routes.find({32, {10, 9, 2, 3}}), 1U);
  EXPECT_EQ(routes.find({32, {11, 1, 2, 3}}), std::nullopt);
  EXPECT_TRUE(routes.erase({16, {10, 1, 0, 0}}));
  EXPECT_FALSE(routes.erase({16, {10, 1, 0, 0}}));
  EXPECT_EQ(routes.find({32, {10, 1, 2, 3}}), 1U);
  std::size_t entries = 0;
  for (const auto& [subnet, hop] : routes.entries()) {
    ++entries;
    EXPECT_EQ(subnet.prefixlen, 8U);
    EXPECT_EQ(hop, 1U);
  }
  EXPECT_EQ(entries, 1U);
}

TEST_F(BpfMapTest, ALoopMayEraseWhatItIsAtInATrie) {
  const auto routes = LpmTrie<Subnet, std::uint32_t>::create({.name = "routes", .max_entries = 1000});
  for (std::uint32_t i = 0; i < 1000; ++i)
    routes.update({24, {10, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i), 0}}, i);
  std::set<std::uint32_t> seen;
  for (const auto& [subnet, number] : routes.entries()) {
    EXPECT_TRUE(seen.insert(number).second);
    if (number % 2 == 0)
      routes.erase(subnet);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST_F(BpfMapTest, AFrozenMapIsReadOnly) {
  const auto array = ArrayMap<int>::create({.name = "frozen"});
  array.update(0, 5);
  array.freeze();
  EXPECT_EQ(array.find(0), 5);
  EXPECT_EQ(cause_of([&] { array.update(0, 6); }), BpfCause::denied);
  EXPECT_THAT(error_of([&] { array.update(0, 6); }), HasSubstr("frozen"));
}

TEST_F(BpfMapTest, APinnedMapIsFoundAgain) {
  const BpfFs fs;
  if (!fs.mounted())
    GTEST_SKIP() << "no bpf file system can be mounted";
  const MapOptions options{.name = "pinned", .max_entries = 8, .pin_path = fs.file("map")};
  {
    const auto first = HashMap<int, int>::create(options);
    first.update(1, 2);
    const auto second = HashMap<int, int>::create(options);
    EXPECT_EQ(second.find(1), 2);
    EXPECT_EQ(first.map().id(), second.map().id());
  }
  const auto third = HashMap<int, int>::open_pinned(fs.file("map"));
  EXPECT_EQ(third.find(1), 2);
  const auto fourth = HashMap<int, int>::from_id(third.map().id());
  fourth.update(1, 3);
  EXPECT_EQ(third.find(1), 3);
  // Another kind of map may not take its place.
  EXPECT_EQ(cause_of([&] { static_cast<void>(HashMap<int, Point>::create(options)); }), BpfCause::bad_object);
  EXPECT_EQ(cause_of([&] { static_cast<void>(ArrayMap<int>::open_pinned(fs.file("map"))); }), BpfCause::bad_object);
  EXPECT_EQ(cause_of([&] { static_cast<void>(HashMap<int, Point>::open_pinned(fs.file("map"))); }),
            BpfCause::bad_object);
  third.unpin(fs.file("map"));
}

TEST_F(BpfMapTest, AMapThatTheKernelWillNotMakeIsAClearError) {
  EXPECT_THAT(error_of([] { static_cast<void>(HashMap<int, int>::create({.name = "none", .max_entries = 0})); }),
              HasSubstr("cannot make none"));
  EXPECT_EQ(
      cause_of([] { static_cast<void>(ArrayMap<std::array<std::uint64_t, 64>>::create({.max_entries = 0xffffffff})); }),
      BpfCause::resource);
}

}  // namespace
}  // namespace fathom::live
