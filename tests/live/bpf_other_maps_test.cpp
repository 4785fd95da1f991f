#include "bpf_map_support.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/arena_map.hpp>
#include <fathom/bpf/bloom_filter.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/fd_array.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/bpf/local_storage.hpp>
#include <fathom/bpf/map_of_maps.hpp>
#include <fathom/bpf/program_array.hpp>
#include <fathom/bpf/queue_map.hpp>
#include <fathom/bpf/redirect_map.hpp>
#include <fathom/bpf/sock_map.hpp>
#include <fathom/bpf/stack_trace_map.hpp>
#include <fathom/bpf/tracepoint.hpp>
#include <fathom/bpf/user_ring_buffer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <fathom-bpf/maps.bpf.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace fathom::live {
namespace {

// The map, or a skip where the kernel does not know its type.
#define CREATE_OR_SKIP(name, ...)                                    \
  decltype(std::optional(__VA_ARGS__)) name##_made;                  \
  try {                                                              \
    name##_made.emplace(__VA_ARGS__);                                \
  } catch (const BpfError& error) {                                  \
    if (error.code().value() == EINVAL)                              \
      GTEST_SKIP() << "this kernel has no map of this type: " #name; \
    throw;                                                           \
  }                                                                  \
  const auto& name = *name##_made

// The test's program, which looks at the getppid calls of this process.
LoadedBpf load_maps() {
  auto object = BpfObject::open(maps::object);
  object.variable("target_pid").set<int>(::getpid());
  return object.load();
}

TEST_F(BpfMapTest, QueuesAndStacksDoWhatTheStandardDequeDoes) {
  const auto check = [](const auto& map, bool newest_first) {
    std::deque<Point> model;
    std::minstd_rand random(7);
    for (std::uint32_t step = 0; step < 10'000; ++step) {
      const auto next = [&]() -> std::optional<Point> {
        if (model.empty())
          return std::nullopt;
        return newest_first ? model.back() : model.front();
      };
      switch (random() % 4) {
        case 0:
          ASSERT_EQ(map.push({step, 1}), model.size() < 16);
          if (model.size() < 16)
            model.push_back({step, 1});
          break;
        case 1:
          map.push_out({step, 2});
          model.push_back({step, 2});
          if (model.size() > 16)
            model.pop_front();
          break;
        case 2:
          ASSERT_EQ(map.peek(), next());
          break;
        default:
          ASSERT_EQ(map.pop(), next());
          if (!model.empty())
            newest_first ? model.pop_back() : model.pop_front();
      }
    }
  };
  check(QueueMap<Point>::create({.name = "queue", .max_entries = 16}), false);
  check(StackMap<Point>::create({.name = "stack", .max_entries = 16}), true);
}

TEST_F(BpfMapTest, BloomFiltersForgetNothing) {
  const auto filter = BloomFilter<std::uint64_t>::create({.name = "bloom", .max_entries = 1000});
  for (std::uint64_t i = 0; i < 1000; ++i)
    filter.add(i * 7919);
  unsigned wrong = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(filter.may_contain(i * 7919));
    wrong += filter.may_contain(1'000'000'000 + i) ? 1U : 0U;
  }
  EXPECT_LT(wrong, 300U);  // 5 hashes for 1000 values in 1000 * 5 / ln 2 bits, rounded up: some 3 in 100
}

TEST_F(BpfMapTest, MapsHoldMaps) {
  using Inner = HashMap<std::uint32_t, std::uint64_t>;
  const auto one = Inner::create({.name = "one", .max_entries = 4});
  const auto two = Inner::create({.name = "two", .max_entries = 4});
  one.update(1, 11);
  two.update(1, 22);
  const auto check = [&](const auto& outer) {
    outer.set(0, one);
    outer.set(1, two);
    EXPECT_EQ(outer.find(0)->find(1), 11U);
    EXPECT_EQ(outer.find(1)->find(1), 22U);
    EXPECT_TRUE(outer.erase(0));
    EXPECT_FALSE(outer.find(0));
    outer.set(1, one);
    EXPECT_EQ(outer.find(1)->map().id(), one.map().id());
    EXPECT_TRUE(outer.erase(1));
  };
  check(ArrayOfMaps<Inner>::create({.name = "array_of", .max_entries = 4}, one));
  check(HashOfMaps<std::uint32_t, Inner>::create({.name = "hash_of", .max_entries = 4}, one));
}

// By their generated names, which know the key, and of the maps in it that they are maps.
TEST_F(BpfMapTest, MapsOfAnObjectHoldMaps) {
  using Inner = HashMap<std::uint32_t, std::uint64_t>;
  const auto inner = Inner::create({.name = "inner", .max_entries = 4});
  inner.update(1, 11);
  const fathom::LoadedBpf bpf = fathom::BpfObject::open(maps::object).load();
  static_assert(std::is_same_v<decltype(bpf.map(maps::array_of)), ArrayOfMaps<fathom::BpfMap>>);
  static_assert(std::is_same_v<decltype(bpf.map(maps::hash_of)), HashOfMaps<std::uint32_t, fathom::BpfMap>>);
  const auto check = [&](const auto& outer) {
    EXPECT_FALSE(outer.find(2));
    outer.set(2, inner.map());
    const auto found = outer.find(2);
    ASSERT_TRUE(found);
    EXPECT_EQ(Inner(*found).find(1), 11U);
    EXPECT_TRUE(outer.erase(2));
    const auto wrong = fathom::ArrayMap<std::uint64_t>::create({.name = "wrong", .max_entries = 4});
    EXPECT_THROW(outer.set(2, wrong.map()), fathom::BpfError);
  };
  check(bpf.map(maps::array_of));
  check(bpf.map(maps::hash_of));
  // And by the class of what is in it.
  const HashOfMaps<std::uint32_t, Inner> typed(bpf.map("hash_of"));
  typed.set(3, inner);
  EXPECT_EQ(typed.find(3)->find(1), 11U);
}

template <class Storage>
void check_storage(const Storage& storage, int of) {
  EXPECT_EQ(storage.find(of), std::nullopt);
  EXPECT_FALSE(storage.assign(of, 1));
  EXPECT_TRUE(storage.insert(of, 2));
  EXPECT_FALSE(storage.insert(of, 3));
  EXPECT_EQ(storage.find(of), 2U);
  storage.update(of, 4);
  EXPECT_EQ(storage.find(of), 4U);
  EXPECT_TRUE(storage.erase(of));
  EXPECT_FALSE(storage.erase(of));
  EXPECT_TRUE(error_of([&] { static_cast<void>(storage.find(-1)); }).starts_with("cannot look up a key in"));
}

TEST_F(BpfMapTest, TasksHaveStorage) {
  const UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  check_storage(TaskStorage<std::uint64_t>::create({.name = "task"}), self.get());
}

TEST_F(BpfMapTest, SocketsHaveStorage) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  check_storage(SkStorage<std::uint64_t>::create({.name = "sk"}), socket.get());
}

TEST_F(BpfMapTest, CgroupsHaveStorage) {
  CREATE_OR_SKIP(storage, CgroupStorage<std::uint64_t>::create({.name = "cgrp"}));
  UniqueFd folder(::open("/sys/fs/cgroup/cgroup.procs", O_RDONLY | O_CLOEXEC));
  folder.reset(::open(folder ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(folder);
  check_storage(storage, folder.get());
}

TEST_F(BpfMapTest, InodesHaveStorage) {
  CREATE_OR_SKIP(storage, InodeStorage<std::uint64_t>::create({.name = "inode"}));
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  check_storage(storage, file.get());
}

TEST_F(BpfMapTest, ArraysOfDescriptorsTakeTheirKind) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  const UniqueFd event(static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
  ASSERT_TRUE(event);
  const auto events = PerfEventArray::create({.name = "events", .max_entries = 2});
  events.set(0, event.get());
  EXPECT_TRUE(events.erase(0));
  EXPECT_FALSE(events.erase(0));
  EXPECT_TRUE(cause_of([&] { events.set(0, STDIN_FILENO); }));

  const UniqueFd cgroup(
      ::open(::access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified",
             O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(cgroup);
  const auto cgroups = CgroupArray::create({.name = "cgroups", .max_entries = 2});
  cgroups.set(1, cgroup.get());
  EXPECT_TRUE(cgroups.erase(1));
  EXPECT_FALSE(cgroups.erase(1));
}

TEST_F(BpfMapTest, XskMapsTakeOnlyTheirSockets) {
  const auto sockets = XskMap::create({.name = "xsk", .max_entries = 2});
  EXPECT_FALSE(sockets.map().name().empty());
  const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_TRUE(cause_of([&] { sockets.set(0, udp.get()); }));
}

TEST_F(BpfMapTest, ReuseportArraysHoldSocketsOfAGroup) {
  const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int one = 1;
  ASSERT_EQ(::setsockopt(udp.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(udp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const auto group = ReuseportSockArray::create({.name = "reuseport", .max_entries = 2});
  group.set(0, udp.get());
  EXPECT_TRUE(group.erase(0));
  EXPECT_FALSE(group.erase(0));
}

TEST_F(BpfMapTest, SockMapsTellTheCookie) {
  const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(udp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(udp.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  ASSERT_EQ(::connect(udp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  std::uint64_t cookie = 0;
  size = sizeof(cookie);
  ASSERT_EQ(::getsockopt(udp.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
  const auto check = [&](const auto& map) {
    EXPECT_EQ(map.cookie(1), std::nullopt);
    map.set(1, udp.get());
    EXPECT_EQ(map.cookie(1), cookie);
    EXPECT_TRUE(map.erase(1));
    EXPECT_FALSE(map.erase(1));
  };
  check(SockMap::create({.name = "sockmap", .max_entries = 2}));
  check(SockHash<std::uint32_t>::create({.name = "sockhash", .max_entries = 2}));
}

TEST_F(BpfMapTest, RedirectMapsTellWhatTheyHold) {
  const std::uint32_t loopback = ::if_nametoindex("lo");
  ASSERT_NE(loopback, 0U);
  const auto check = [](const auto& map, std::uint32_t number) {
    EXPECT_EQ(map.find(0), std::nullopt);
    map.set(0, number);
    EXPECT_EQ(map.find(0), (RedirectMap::Target{number, 0}));
    EXPECT_TRUE(map.erase(0));
    EXPECT_EQ(map.find(0), std::nullopt);
  };
  check(DevMap::create({.name = "devmap", .max_entries = 2}), loopback);
  check(DevMapHash::create({.name = "devmap_hash", .max_entries = 2}), loopback);
  check(CpuMap::create({.name = "cpumap", .max_entries = 1}), 64);
}

TEST_F(BpfMapTest, ProgramArraysTellTheId) {
  const LoadedBpf bpf = load_maps();
  const auto programs = ProgramArray::create({.name = "programs", .max_entries = 2});
  const BpfProgram program = bpf.program("drain");
  EXPECT_EQ(programs.id(0), std::nullopt);
  programs.set(0, program);
  EXPECT_EQ(programs.id(0), program.id());
  EXPECT_TRUE(programs.erase(0));
  EXPECT_FALSE(programs.erase(0));
}

TEST_F(BpfMapTest, AUserRingBufferBringsAllRecordsInOrder) {
  const LoadedBpf bpf = load_maps();
  auto commands = bpf.map(maps::commands);
  const auto link = bpf.program(maps::drain).attach();
  std::uint64_t expected = 0;
  std::uint64_t pushed = 0;
  // Some times around the buffer of 4096 bytes, with records of 16.
  for (std::uint64_t round = 1; round <= 20; ++round) {
    for (std::uint64_t i = 0; i < 100; ++i, ++pushed) {
      ASSERT_TRUE(commands.push(round * i));
      expected += round * i;
    }
    {
      const auto dropped = commands.reserve(8);
    }
    ::syscall(SYS_getppid);
    EXPECT_EQ(commands.pending_bytes(), 0U);
    EXPECT_EQ(bpf.variable(maps::sum).load(), expected);
    EXPECT_EQ(bpf.variable(maps::records).load(), pushed);
  }
}

TEST_F(BpfMapTest, AProgramsStacksAndCountsByCpuAreRead) {
  const LoadedBpf bpf = load_maps();
  const auto stacks = bpf.map(maps::stacks);
  const auto by_cpu = bpf.map(maps::by_cpu);
  const auto link = bpf.program(maps::drain).attach();
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  std::map<std::size_t, std::uint32_t> expected;
  for (std::size_t cpu = 0, turn = 1; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before))
      continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
    for (std::size_t i = 0; i < turn * 10; ++i)
      ::syscall(SYS_getppid);
    expected[cpu] = static_cast<std::uint32_t>(turn++ * 10);
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
  const auto counts = by_cpu.find(0);
  for (const auto& [cpu, count] : expected)
    EXPECT_EQ((*counts)[cpu], count) << "CPU " << cpu;

  const auto id = static_cast<std::uint32_t>(bpf.variable(maps::stack_id).load());
  const auto frames = stacks.find(id);
  ASSERT_TRUE(frames);
  ASSERT_GE(frames->size(), 1U);
  // The innermost is behind the instruction that made the call, in the C library's syscall().
  const auto function = reinterpret_cast<std::uintptr_t>(::dlsym(RTLD_DEFAULT, "syscall"));
  EXPECT_GT(frames->front(), function);
  EXPECT_LT(frames->front(), function + 100);
  EXPECT_THAT(stacks.ids(), ::testing::Contains(id));
  EXPECT_TRUE(stacks.erase(id));
  EXPECT_FALSE(stacks.find(id));
}

TEST_F(BpfMapTest, ALockedValueIsReadAndWrittenUnderItsLock) {
  const LoadedBpf bpf = load_maps();
  const auto guards = bpf.map(maps::guards);
  EXPECT_EQ(guards.value_check(), RecordCheck::members);
  EXPECT_TRUE(guards.insert(1, {.lock = {}, .number = 5}, ValueLock::bpf_spin_lock));
  EXPECT_EQ(guards.find(1, ValueLock::bpf_spin_lock)->number, 5U);
  const auto plain = HashMap<int, int>::create({.name = "no_lock", .max_entries = 1});
  EXPECT_TRUE(cause_of([&] { plain.update(1, 1, ValueLock::bpf_spin_lock); }));
}

TEST_F(BpfMapTest, AFullUserRingBufferTakesNoMore) {
  auto ring = UserRingBuffer::create({.name = "user_ring", .max_entries = 4096});
  for (int i = 0; i < 256; ++i)
    ASSERT_TRUE(ring.push(std::uint64_t{1}));
  EXPECT_FALSE(ring.push(std::uint64_t{1}));
  EXPECT_FALSE(ring.reserve(0));
  EXPECT_FALSE(ring.reserve(5000));
  EXPECT_EQ(ring.pending_bytes(), 4096U);
}

TEST_F(BpfMapTest, AnArenaIsMemory) {
  CREATE_OR_SKIP(arena, ArenaMap::create({.name = "arena", .max_entries = 4}));
  ASSERT_EQ(arena.memory().size(), 4 * 4096U);
  arena.memory()[5000] = std::byte{42};
  EXPECT_EQ(arena.memory()[5000], std::byte{42});
  EXPECT_EQ(arena.memory()[0], std::byte{0});
  {
    const ArenaMap other(std::move(arena));
    other.memory()[1] = std::byte{7};
  }
  EXPECT_EQ(arena.memory()[1], std::byte{7});  // NOLINT(bugprone-use-after-move): a move copies
}

TEST_F(BpfMapTest, AStackTraceMapStartsEmpty) {
  const auto stacks = StackTraceMap::create({.name = "stacks", .max_entries = 16}, 20);
  EXPECT_EQ(stacks.max_depth(), 20U);
  EXPECT_EQ(stacks.find(3), std::nullopt);
  EXPECT_TRUE(stacks.ids().empty());
  EXPECT_FALSE(stacks.erase(3));
}

}  // namespace
}  // namespace fathom::live
