#include "allocations.hpp"
#include "bpf_program.hpp"
#include "bpf_support.hpp"
#include "this_process.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/bpf_stats.hpp>
#include <fathom/bpf/loaded_things.hpp>
#include <fathom/bpf/perf_buffer.hpp>
#include <fathom/bpf/program_code.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/bpf/syscall_program.hpp>
#include <fathom/bpf/test_run.hpp>
#include <fathom/bpf/tracepoint.hpp>

#include <gmock/gmock.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fathom-bpf/readers.bpf.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::RingBuffer;
using fathom::live::allocations;
using fathom::live::readable;
using testing::ElementsAre;
using testing::HasSubstr;

using RingBufferLive = fathom::live::BpfTest;
using PerfBufferLive = fathom::live::BpfTest;
using TestRunLive = fathom::live::BpfTest;
using BpfStatsLive = fathom::live::BpfTest;
using ProgramCodeLive = fathom::live::BpfTest;
using LoadedThingsLive = fathom::live::BpfTest;

enum : std::uint32_t { kRecord, kDiscard, kOtherSize, kOutput };

// The ring has a page: what a record of struct event takes of it, and so how many there can be.
constexpr std::uint64_t kFits = 4096 / (8 + sizeof(readers::event));

LoadedBpf load(int pid = -1) {
  BpfObject object = BpfObject::open(readers::object);
  object.variable("target_pid").set<std::int32_t>(pid);
  return object.load();
}

/// Writes `count` records; gives how many were refused.
std::uint64_t emit(const LoadedBpf& bpf, std::uint64_t first, std::uint32_t count, std::uint32_t what = kRecord) {
  readers::request request{.first = first, .count = count, .what = what, .refused = 99};
  EXPECT_EQ(bpf.program<fathom::SyscallProgram>("emit").run(request), 17U);
  return request.refused;
}

template <class Batch>
std::vector<std::uint64_t> numbers(const Batch& batch) {
  std::vector<std::uint64_t> found;
  for (const readers::event& event : batch)
    found.push_back(event.number);
  return found;
}

// A batch is into its reader's memory, so a reader that is gone after the expression gives none.
template <class Reader>
concept Pollable = requires(Reader&& reader) { std::forward<Reader>(reader).poll(0ms); };
template <class Reader>
concept Drainable = requires(Reader&& reader) { std::forward<Reader>(reader).drain(); };
static_assert(Pollable<RingBuffer<readers::event>&> && !Pollable<RingBuffer<readers::event>>);
static_assert(Drainable<RingBuffer<readers::event>&> && !Drainable<RingBuffer<readers::event>>);

}  // namespace

TEST_F(RingBufferLive, PollGivesRecordsInOrderAndKeepsTheirRoomUntilTheNext) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>(readers::events);
  EXPECT_EQ(events.record_check(), fathom::RecordCheck::members);
  EXPECT_EQ(events.capacity(), 4096U);
  EXPECT_TRUE(events.poll(0ms).empty());
  EXPECT_FALSE(readable(events.native_handle(), 0ms));

  EXPECT_EQ(emit(bpf, 100, 3), 0U);
  EXPECT_TRUE(readable(events.native_handle(), 0ms));
  const auto batch = events.poll(1s);
  EXPECT_FALSE(batch.empty());
  EXPECT_THAT(numbers(batch), ElementsAre(100, 101, 102));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(events.waiting(), 0U);
  // Read, but the room is still taken: the views are good.
  EXPECT_EQ(emit(bpf, 0, kFits), 3U);
  EXPECT_EQ(numbers(events.poll(1s)).size(), kFits - 3);
  EXPECT_TRUE(events.poll(0ms).empty());
  EXPECT_EQ(emit(bpf, 0, kFits), 0U);
  EXPECT_EQ(events.stats().read, kFits);
}

TEST_F(RingBufferLive, WhatALoopLeavesIsThereAgain) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  emit(bpf, 1, 4);
  for (const readers::event& event : events.poll(1s)) {
    if (event.number == 2)
      break;
  }
  EXPECT_THAT(numbers(events.poll(0ms)), ElementsAre(3, 4));
  emit(bpf, 5, 2);
  EXPECT_FALSE(events.poll(1s).empty());  // looked at, and not read
  EXPECT_THAT(numbers(events.poll(0ms)), ElementsAre(5, 6));
  EXPECT_EQ(events.stats().read, 6U);
}

TEST_F(RingBufferLive, WrongSizesAndDiscardedRecordsAreCountedAndNeverGiven) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  for (const std::uint32_t what : {kRecord, kDiscard, kOtherSize, kOutput, kOtherSize, kDiscard, kRecord})
    emit(bpf, what, 2, what);
  EXPECT_THAT(numbers(events.poll(1s)), ElementsAre(0, 1, 3, 4, 0, 1));
  for (const std::uint32_t what : {kOtherSize, kDiscard, kRecord})
    emit(bpf, what, 1, what);
  EXPECT_EQ(events.consume([](const readers::event& event) { EXPECT_EQ(event.number, 0U); }), 1U);
  EXPECT_EQ(events.stats().read, 7U);
  EXPECT_EQ(events.stats().discarded, 5U);
  EXPECT_EQ(events.stats().wrong_size, 5U);
  EXPECT_EQ(events.stats().resynchronized, 0U);
  EXPECT_EQ(events.waiting(), 0U);
}

TEST_F(RingBufferLive, RecordsOfAnySizeAreBytes) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<std::span<const std::byte>>("events");
  emit(bpf, 0, 1, kRecord);
  emit(bpf, 9, 1, kOtherSize);
  std::vector<std::vector<std::byte>> found;
  for (const std::span<const std::byte> bytes : events.poll(1s))
    found.emplace_back(bytes.begin(), bytes.end());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].size(), sizeof(readers::event));
  EXPECT_THAT(found[1], ElementsAre(std::byte{9}, std::byte{7}, std::byte{7}, std::byte{7}, std::byte{7}));
}

TEST_F(RingBufferLive, LostRecordsAreCountedByTheProgramAndTold) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  EXPECT_EQ(events.lost(), 0U);
  EXPECT_EQ(emit(bpf, 0, 1000), 1000 - kFits);
  EXPECT_EQ(emit(bpf, 0, 5, kOutput), 5U);
  EXPECT_EQ(events.lost(), 1005 - kFits);
  EXPECT_EQ(numbers(events.poll(1s)).size(), kFits);
  EXPECT_EQ(events.lost().value() + events.stats().read, 1005U);
  // A map from elsewhere has no program to ask.
  EXPECT_EQ(RingBuffer<readers::event>(fathom::BpfMap::from_id(bpf.map("events").id())).lost(), std::nullopt);
}

TEST_F(RingBufferLive, ConsumeGoesOnUntilNothingIsThereAndStopsWhenToldTo) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  EXPECT_EQ(events.consume([](const readers::event&) {}), 0U);
  emit(bpf, 0, 3);
  std::uint64_t sum = 0;
  // Each call makes room, so one that writes finds some.
  EXPECT_EQ(events.consume([&](const readers::event& event) {
    sum += event.number;
    if (event.number == 2) {
      EXPECT_EQ(emit(bpf, 10, kFits - 1), 0U);
    }
    return event.number != 12;
  }),
            6U);
  EXPECT_EQ(sum, 0U + 1 + 2 + 10 + 11 + 12);
  EXPECT_THROW(events.consume([](const readers::event&) { throw std::runtime_error("no"); }), std::runtime_error);
  std::array<readers::event, 4> copies{};
  EXPECT_EQ(events.read(copies), 4U);
  EXPECT_EQ(copies[0].number, 14U);  // that whose call threw was read
  EXPECT_EQ(copies[3].number, 17U);
  EXPECT_EQ(events.read({}), 0U);
  EXPECT_EQ(events.consume([](const readers::event&) {}), kFits - 1 - 8);
}

TEST_F(RingBufferLive, PollWaitsForARecordAndNoLongerThanTold) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(events.poll(30ms).empty());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
  for (std::uint64_t i = 0; i < 100; ++i) {
    // Each time the reader may be before, in or behind the look that precedes its sleep.
    std::thread writer([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(i * 7));
      emit(bpf, i, 1);
    });
    EXPECT_THAT(numbers(events.poll(20s)), ElementsAre(i));
    writer.join();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

TEST_F(RingBufferLive, ARecordThatIsNotFinishedDoesNotKeepPollFromItsEnd) {
  if (fathom::CpuSet::online().size() == 1)
    GTEST_SKIP() << "one CPU only: nobody reads while a program runs";
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  auto holding = bpf.variable(readers::holding);
  holding.store(1);
  std::thread writer([&] { EXPECT_EQ(bpf.program<fathom::SyscallProgram>("hold").run(), 0U); });
  while (events.waiting() == 0)
    std::this_thread::yield();
  EXPECT_TRUE(events.poll(0ms).empty());
  EXPECT_TRUE(events.poll(5ms).empty());
  EXPECT_EQ(events.waiting(), 8 + sizeof(readers::event));  // still held
  holding.store(0);
  EXPECT_THAT(numbers(events.poll(20s)), ElementsAre(77));
  writer.join();
}

TEST_F(RingBufferLive, WhatIsNoRecordDoesNotEndTheWait) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  for (const std::uint32_t what : {kDiscard, kOtherSize}) {
    emit(bpf, 0, 2, what);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(events.poll(30ms).empty());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
  }
  EXPECT_EQ(events.waiting(), 0U);
  std::thread writer([&] {
    for (const std::uint32_t what : {kDiscard, kOtherSize, kRecord}) {
      std::this_thread::sleep_for(5ms);
      emit(bpf, what, 1, what);
    }
  });
  EXPECT_THAT(numbers(events.poll(20s)), ElementsAre(0));
  writer.join();
  EXPECT_EQ(events.stats().discarded, 3U);
  EXPECT_EQ(events.stats().wrong_size, 3U);
}

TEST_F(RingBufferLive, PollTellsOfADescriptorThatSomebodyClosed) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  const int spare = ::dup(events.native_handle());
  ::close(events.native_handle());
  try {
    std::ignore = events.poll(10ms);
    ADD_FAILURE() << "it waits at no descriptor";
  } catch (const BpfError& e) {
    EXPECT_EQ(e.code().value(), EBADF);
  }
  EXPECT_EQ(::dup2(spare, events.native_handle()), events.native_handle());
  ::close(spare);
}

TEST_F(RingBufferLive, AnOldBatchHasNothingAndMovesNothing) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  emit(bpf, 0, 3);
  const auto old = events.poll(1s);
  EXPECT_THAT(numbers(old), ElementsAre(0, 1, 2));
  emit(bpf, 3, 3);
  EXPECT_THAT(numbers(events.poll(1s)), ElementsAre(3, 4, 5));
  EXPECT_TRUE(old.empty());
  EXPECT_TRUE(events.poll(0ms).empty());
  EXPECT_EQ(events.stats().read, 6U);
  EXPECT_EQ(events.stats().resynchronized, 0U);
}

TEST_F(RingBufferLive, APositionAheadOfAllRecordsIsGivenUp) {
  const LoadedBpf bpf = load();
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const address = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, bpf.map("events").native_handle(), 0);
  ASSERT_NE(address, MAP_FAILED);
  *static_cast<volatile unsigned long*>(address) = 1U << 20;
  ::munmap(address, page);
  auto events = bpf.ring_buffer<readers::event>("events");
  EXPECT_TRUE(events.poll(0ms).empty());
  EXPECT_EQ(events.stats().resynchronized, 1U);
  EXPECT_EQ(emit(bpf, 5, 2), 0U);
  EXPECT_THAT(numbers(events.poll(1s)), ElementsAre(5, 6));
}

TEST_F(RingBufferLive, AMovedReaderGoesOnAndTheNextReaderToo) {
  const LoadedBpf bpf = load();
  emit(bpf, 0, 3);
  {
    auto events = bpf.ring_buffer<readers::event>("events");
    for (const readers::event& event : events.poll(1s)) {
      EXPECT_EQ(event.number, 0U);
      break;
    }
    RingBuffer<readers::event> moved(std::move(events));
    for (const readers::event& event : moved.poll(1s)) {
      EXPECT_EQ(event.number, 1U);
      break;
    }
    events = std::move(moved);
    EXPECT_EQ(events.stats().read, 2U);
  }
  auto next = bpf.ring_buffer<readers::event>("events");
  EXPECT_THAT(numbers(next.poll(1s)), ElementsAre(2));
}

TEST_F(RingBufferLive, WhatAnotherReaderTookIsGivenUp) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  {
    // It gives back room that the first has not read, and the program writes there.
    auto other = bpf.ring_buffer<readers::event>("events");
    for (unsigned round = 0; round < 3; ++round) {
      EXPECT_EQ(emit(bpf, 0, kFits), 0U);
      EXPECT_EQ(other.consume([](const readers::event&) {}), kFits);
    }
  }
  EXPECT_GT(events.waiting(), events.capacity());
  EXPECT_EQ(events.consume([](const readers::event&) { ADD_FAILURE(); }), 0U);
  EXPECT_EQ(events.stats().resynchronized, 1U);
  EXPECT_EQ(events.waiting(), 0U);
  emit(bpf, 5, 2);
  EXPECT_THAT(numbers(events.poll(1s)), ElementsAre(5, 6));
}

TEST_F(RingBufferLive, ReadingARecordAllocatesNothing) {
  const LoadedBpf bpf = load();
  auto events = bpf.ring_buffer<readers::event>("events");
  std::array<readers::event, 8> copies{};
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < 3; ++round) {
    emit(bpf, 0, kFits);
    const std::size_t before = allocations();
    sum += events.read(copies);
    for (const readers::event& event : events.poll(1s)) {
      sum += event.number == 0 ? 0 : 1;
      if (event.number == 100)
        break;
    }
    sum += events.consume([](const readers::event&) {});
    EXPECT_EQ(allocations(), before);
  }
  EXPECT_EQ(sum, 3 * kFits);
}

TEST_F(RingBufferLive, WhatDoesNotFitIsRefused) {
  const LoadedBpf bpf = load();
  struct event {
    std::uint64_t number;
    std::uint32_t what;
    std::uint32_t cpu;
    std::uint64_t more;
  };
  const auto message = [&](auto call) -> std::string {
    try {
      call();
    } catch (const BpfError& e) {
      EXPECT_EQ(e.cause(), BpfCause::bad_object);
      return e.what();
    }
    return "nothing was thrown";
  };
  EXPECT_THAT(message([&] { std::ignore = bpf.ring_buffer<event>("events"); }),
              HasSubstr("it has 16 bytes there and 24 here"));
  EXPECT_THAT(message([&] { std::ignore = bpf.ring_buffer<readers::event>("events", "evnt"); }),
              HasSubstr("no type evnt"));
  EXPECT_THAT(message([&] { std::ignore = bpf.ring_buffer<readers::event>("samples"); }),
              HasSubstr("a map of type perf_event_array"));
  EXPECT_THAT(message([&] { std::ignore = bpf.ring_buffer<readers::event>("event"); }), HasSubstr("nearest: events"));
}

TEST_F(PerfBufferLive, ReadAndLostAddUpToWhatWasWritten) {
  const LoadedBpf bpf = load(::getpid());
  // A page holds no more than a hundred of them.
  auto samples = bpf.perf_buffer<readers::event>("samples", {.pages = 1, .wakeup_records = 8});
  EXPECT_EQ(samples.cpus(), fathom::CpuSet::online());
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  EXPECT_FALSE(samples.wait(0ms));
  const unsigned cpu = samples.cpus().cpus().back();
  const fathom::live::PinnedTo pinned(cpu);
  constexpr unsigned kCalls = 3000;
  for (unsigned i = 0; i < kCalls; ++i)
    ::syscall(SYS_getppid);
  EXPECT_TRUE(samples.wait(1s));
  const auto check = [&](unsigned on, const readers::event& event) {
    EXPECT_EQ(on, cpu);
    EXPECT_EQ(on, event.cpu);
  };
  std::size_t read = samples.consume(check);
  EXPECT_GT(read, 50U);
  EXPECT_LT(read, 200U);
  // The kernel notes how many it lost when there is room again, before the next record.
  ::syscall(SYS_getppid);
  read += samples.consume(check);
  EXPECT_EQ(read + samples.lost(), kCalls + 1);
  EXPECT_EQ(samples.lost(cpu), samples.lost());
  EXPECT_EQ(samples.stats().lost_events, samples.lost());
  EXPECT_EQ(samples.stats().skipped_records(), 0U);
}

TEST_F(PerfBufferLive, NothingIsLostWhereThereIsRoomAndNothingAllocated) {
  constexpr unsigned kCalls = 500;
  fathom::live::Worker worker(kCalls);
  const LoadedBpf bpf = load(worker.pid());
  auto samples = bpf.perf_buffer<readers::event>(readers::samples);
  auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  worker.run();
  std::uint64_t sum = 0;
  const std::size_t before = allocations();
  EXPECT_EQ(samples.consume([&](unsigned, const readers::event& event) { sum += event.number; }), kCalls);
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(sum, kCalls * (kCalls - 1) / 2);
  EXPECT_EQ(samples.lost(), 0U);
  EXPECT_EQ(samples.consume([](unsigned, const readers::event&) {}), 0U);
}

TEST_F(PerfBufferLive, OtherSizesAreCounted) {
  struct Half {
    std::uint64_t number;
  };
  fathom::live::Worker worker(7);
  const LoadedBpf bpf = load(worker.pid());
  auto samples = bpf.perf_buffer<Half>("samples");
  auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  worker.run();
  EXPECT_EQ(samples.consume([](unsigned, const Half&) { ADD_FAILURE(); }), 0U);
  EXPECT_EQ(samples.stats().skipped_records(), 7U);
}

TEST_F(TestRunLive, RunsWithContextAndTellsWhatIsNotToBeHad) {
  const LoadedBpf bpf = load();
  readers::request request{.first = 0, .count = 3, .what = kRecord, .refused = 9};
  const auto result = fathom::test_run(bpf.program("emit"), {.context = std::as_bytes(std::span(&request, 1))});
  EXPECT_EQ(result.return_value, 17U);
  EXPECT_EQ(request.refused, 0U);
  EXPECT_EQ(bpf.ring_buffer<readers::event>("events").consume([](const readers::event&) {}), 3U);
  try {
    std::ignore = fathom::test_run(bpf.program("on_getppid"));
    ADD_FAILURE() << "a tracepoint has no test run";
  } catch (const BpfError& e) {
    EXPECT_EQ(e.cause(), BpfCause::unsupported);
    EXPECT_THAT(e.hint(), HasSubstr("tracepoint"));
  }
}

TEST_F(BpfStatsLive, RunsAreCountedWhileItLives) {
  const LoadedBpf bpf = load();
  const auto emitter = bpf.program("emit");
  emit(bpf, 0, 1);
  EXPECT_EQ(emitter.run_count(), 0U);
  {
    const fathom::BpfStats stats;
    for (int i = 0; i < 5; ++i)
      emit(bpf, 0, 1);
    EXPECT_EQ(emitter.run_count(), 5U);
    EXPECT_GT(emitter.run_time(), 0ns);
  }
  emit(bpf, 0, 1);
  EXPECT_EQ(emitter.run_count(), 5U);
}

TEST_F(LoadedThingsLive, OurOwnAreListed) {
  const LoadedBpf bpf = load();
  unsigned programs = 0;
  for (const fathom::BpfProgram& program : fathom::loaded_programs())
    programs += program.id() == bpf.program("emit").id() && program.name() == "emit" ? 1U : 0U;
  EXPECT_EQ(programs, 1U);
  unsigned maps = 0;
  for (const fathom::BpfMap& map : fathom::loaded_maps())
    maps += map.id() == bpf.map("events").id() && map.type() == fathom::BpfMapType::ringbuf ? 1U : 0U;
  EXPECT_EQ(maps, 1U);
  unsigned kernels = 0;
  for (const fathom::BpfBtfInfo& btf : fathom::loaded_btf())
    kernels += btf.is_kernel && btf.name == "vmlinux" && btf.size > 100'000 ? 1U : 0U;
  EXPECT_EQ(kernels, 1U);
}

TEST_F(ProgramCodeLive, HasInstructionsAndTheLinesTheyAreFrom) {
  const LoadedBpf bpf = load();
  const auto program = bpf.program("emit");
  const fathom::BpfCode code = fathom::read_code(program);
  EXPECT_EQ(code.xlated.size() * 8, program.info().xlated_size);
  EXPECT_EQ(code.jited.size(), program.info().jited_size);
  ASSERT_FALSE(code.lines.empty());
  for (const fathom::BpfSourceLine& line : code.lines) {
    EXPECT_LT(line.instruction, code.xlated.size());
    EXPECT_GT(line.line, 0U);
  }
  EXPECT_THAT(code.lines[0].file, testing::EndsWith("readers.bpf.c"));
  EXPECT_TRUE(std::ranges::any_of(code.lines,
                                  [](const auto& line) { return line.text.find("return 17;") != std::string::npos; }));
  ASSERT_EQ(code.functions.size(), 2U);
  EXPECT_EQ(code.functions[0].name, "emit");
  EXPECT_EQ(code.functions[0].instruction, 0U);
  EXPECT_EQ(code.functions[1].name, "emit_one");
  EXPECT_LT(code.functions[1].instruction, code.xlated.size());
}
