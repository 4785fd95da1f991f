// What room bpf promises about threads. What it is worth shows under TSan.

#include "bpf_support.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/bpf/program_code.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/bpf/syscall_program.hpp>
#include <fathom/bpf/tracepoint.hpp>
#include <fathom/bpf/user_ring_buffer.hpp>

#include <gmock/gmock.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <fathom-bpf/maps.bpf.hpp>
#include <fathom-bpf/readers.bpf.hpp>
#include <fathom-bpf/refused.bpf.hpp>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using fathom::BpfError;
using fathom::BpfObject;
using fathom::LoadedBpf;
using testing::HasSubstr;

using BpfThreads = fathom::live::BpfTest;

constexpr unsigned kThreads = 4;

// Calls `work` with 0, 1, 2 and 3, each in a thread of its own, all at once.
void in_threads(const std::function<void(unsigned)>& work) {
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (unsigned i = 0; i < kThreads; ++i)
    threads.emplace_back([&work, i] {
      try {
        work(i);
      } catch (const std::exception& e) {
        ADD_FAILURE() << e.what();
      }
    });
}

std::uint64_t emit(const LoadedBpf& bpf, std::uint32_t count) {
  readers::request request{.first = 0, .count = count, .what = 0, .refused = 0};
  EXPECT_EQ(bpf.program<fathom::SyscallProgram>("emit").run(request), 17U);
  return request.refused;
}

// The one program of refused.bpf.c that the verifier refuses for a pointer that may be null.
std::string refusal() {
  BpfObject object = BpfObject::open(refused::object);
  object.program("no_null_check").autoload = true;
  try {
    std::ignore = object.load();
  } catch (const BpfError& e) {
    EXPECT_EQ(e.cause(), fathom::BpfCause::verifier);
    return e.log();
  }
  return "was loaded";
}

}  // namespace

TEST_F(BpfThreads, DistinctObjectsAreLoadedAndRefusedEachForItself) {
  in_threads([](unsigned thread) {
    for (unsigned round = 0; round < 5; ++round) {
      if (thread % 2 == 0) {
        const std::string log = refusal();
        EXPECT_THAT(log, HasSubstr("map_value_or_null"));
        EXPECT_EQ(log.find("emit"), std::string::npos);  // another thread's
        continue;
      }
      const LoadedBpf bpf = BpfObject::open(readers::object).load();
      EXPECT_EQ(emit(bpf, 7), 0U);
      EXPECT_EQ(bpf.ring_buffer<readers::event>("events").consume([](const readers::event&) {}), 7U);
    }
  });
}

TEST_F(BpfThreads, OneLoadedObjectIsUsedByMany) {
  const LoadedBpf bpf = BpfObject::open(readers::object).load();
  const auto on_getppid = bpf.program<fathom::Tracepoint>("on_getppid");
  const fathom::BpfProgram emitter = bpf.program("emit");
  std::atomic<std::uint64_t> refused = 0;
  constexpr unsigned kRounds = 20;
  in_threads([&](unsigned thread) {
    for (unsigned round = 0; round < kRounds; ++round) {
      refused += emit(bpf, 5);
      EXPECT_EQ(bpf.programs().size(), 3U);
      EXPECT_EQ(bpf.map("events").max_entries(), 4096U);
      EXPECT_EQ(emitter.info().name, "emit");
      EXPECT_FALSE(fathom::read_code(emitter).functions.empty());
      EXPECT_THROW(std::ignore = bpf.map("event"), BpfError);
      if (thread == 0) {  // the kernel attaches a program to a tracepoint only once at a time
        const fathom::BpfLink link = on_getppid.attach();
        EXPECT_GE(link.native_handle(), 0);
      }
    }
  });
  auto events = bpf.ring_buffer<readers::event>("events");
  const std::uint64_t read = events.consume([](const readers::event&) {});
  EXPECT_GT(read, 0U);
  // Each call tells what was lost meanwhile, its own and that of others: so the sum may be more, and is not less.
  EXPECT_GE(read + refused, std::uint64_t{kThreads} * kRounds * 5);
  EXPECT_EQ(read + events.lost().value(), std::uint64_t{kThreads} * kRounds * 5);
}

TEST_F(BpfThreads, OneMapIsChangedByMany) {
  constexpr int kKeys = 200;
  const auto map = fathom::HashMap<int, std::uint64_t>::create({.name = "shared", .max_entries = kThreads * kKeys});
  in_threads([&](unsigned thread) {
    const int first = static_cast<int>(thread) * kKeys;
    for (int key = first; key < first + kKeys; ++key) {
      EXPECT_TRUE(map.insert(key, static_cast<std::uint64_t>(key) * 3));
      EXPECT_EQ(map.find(key), static_cast<std::uint64_t>(key) * 3);
    }
    for (const auto& [key, value] : map.entries())
      EXPECT_EQ(value, static_cast<std::uint64_t>(key) * 3);
    for (int key = first; key < first + kKeys; key += 2)
      EXPECT_TRUE(map.erase(key));
  });
  EXPECT_EQ(map.count(), kThreads * kKeys / 2U);
}

TEST_F(BpfThreads, FeaturesAreAskedByMany) {
  constexpr std::array kMaps = {fathom::BpfMapType::hash, fathom::BpfMapType::ringbuf, fathom::BpfMapType::arena};
  constexpr std::array kKinds = {fathom::BpfAttachKind::tp_btf, fathom::BpfAttachKind::fentry,
                                 fathom::BpfAttachKind::perf_event, fathom::BpfAttachKind::uprobe_multi};
  const auto ask = [&](const fathom::BpfFeatures& features) {
    std::vector<fathom::BpfSupport> answers;
    for (const fathom::BpfMapType type : kMaps)
      answers.push_back(features.map_type(type));
    for (const fathom::BpfAttachKind kind : kKinds)
      answers.push_back(features.attach(kind));
    answers.push_back(features.helper(fathom::BpfProgramType::tracepoint, "ringbuf_output"));
    return answers;
  };
  const auto alone = ask(fathom::BpfFeatures());
  const fathom::BpfFeatures features;
  in_threads([&](unsigned) { EXPECT_EQ(ask(features), alone); });
}

TEST_F(BpfThreads, UserRecordsAreSubmittedByOtherThreads) {
  BpfObject object = BpfObject::open(maps::object);
  object.variable("target_pid").set<std::int32_t>(::getpid());
  const LoadedBpf bpf = object.load();
  auto commands = bpf.map(maps::commands);
  const auto link = bpf.program(maps::drain).attach();
  std::uint64_t expected = 0;
  std::uint64_t submitted = 0;
  constexpr unsigned kEach = 20;
  for (unsigned round = 0; round < 10; ++round) {
    std::array<std::vector<fathom::UserRingBuffer::Record>, kThreads> places;
    for (unsigned i = 0; i < kThreads * kEach; ++i)
      places[i % kThreads].push_back(commands.reserve(sizeof(std::uint64_t)));
    in_threads([&](unsigned thread) {
      for (auto& place : places[thread]) {
        ASSERT_TRUE(place);
        const std::uint64_t number = thread;
        std::ranges::copy(std::as_bytes(std::span(&number, 1)), place.bytes().begin());
        if (round % 2 == 0)
          place.submit();
        else
          place.discard();
      }
    });
    ::syscall(SYS_getppid);
    if (round % 2 == 0) {
      expected += kEach * (0 + 1 + 2 + 3);
      submitted += std::uint64_t{kEach} * kThreads;
    }
    EXPECT_EQ(bpf.variable(maps::sum).load(), expected);
    EXPECT_EQ(bpf.variable(maps::records).load(), submitted);
    EXPECT_EQ(commands.pending_bytes(), 0U);
  }
}
