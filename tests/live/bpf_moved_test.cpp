// What is left of a handle, a reader or a link that was moved from: a clear error, or nothing, and no undefined
// behaviour.

#include "attach_errors.hpp"
#include "bpf_support.hpp"

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/bpf_timer.hpp>
#include <fathom/bpf/syscall_program.hpp>
#include <fathom/bpf/tracepoint.hpp>
#include <fathom/bpf/user_ring_buffer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fathom-bpf/readers.bpf.hpp>
#include <fathom-bpf/timers.bpf.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

// NOLINTBEGIN(bugprone-use-after-move): that is what is tested

namespace {

using namespace std::chrono_literals;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::live::error_of;
using fathom::live::if_kernel_has;

using BpfMoved = fathom::live::BpfTest;

template <class Call>
void expect_bad_descriptor(Call call) {
  const fathom::BpfError error = error_of(call);
  EXPECT_EQ(error.code(), std::errc::bad_file_descriptor) << error.what();
}

TEST_F(BpfMoved, AnObjectHasNothingAndSaysSo) {
  LoadedBpf from = BpfObject::open(readers::object).load();
  const LoadedBpf bpf(std::move(from));
  EXPECT_EQ(from.name(), "");
  expect_bad_descriptor([&] { (void)from.programs(); });
  expect_bad_descriptor([&] { (void)from.program("emit"); });
  expect_bad_descriptor([&] { (void)from.maps(); });
  expect_bad_descriptor([&] { (void)from.map("events"); });
  expect_bad_descriptor([&] { (void)from.variable<std::uint64_t>("calls"); });
  expect_bad_descriptor([&] { (void)from.record("event"); });
  expect_bad_descriptor([&] { (void)from.btf(); });
  EXPECT_EQ(bpf.name(), "readers");
}

TEST_F(BpfMoved, AnOpenedObjectHasNothingAndSaysSo) {
  BpfObject from = BpfObject::open(readers::object);
  BpfObject object(std::move(from));
  EXPECT_EQ(from.name(), "");
  expect_bad_descriptor([&] { (void)from.programs(); });
  expect_bad_descriptor([&] { (void)from.program("emit"); });
  expect_bad_descriptor([&] { (void)from.maps(); });
  expect_bad_descriptor([&] { (void)from.map("events"); });
  expect_bad_descriptor([&] { (void)from.variables(); });
  expect_bad_descriptor([&] { (void)from.variable("calls"); });
  expect_bad_descriptor([&] { (void)from.record("event"); });
  expect_bad_descriptor([&] { (void)from.btf(); });
  expect_bad_descriptor([&] { (void)from.load(); });
  EXPECT_EQ(object.load().name(), "readers");
}

TEST_F(BpfMoved, AUserRingBufferIsCopied) {
  std::string reason;
  auto ring =
      if_kernel_has([] { return fathom::UserRingBuffer::create({.name = "moved", .max_entries = 4096}); }, reason);
  ASSERT_TRUE(ring) << reason;  // Linux 6.1
  const fathom::UserRingBuffer other_ring(std::move(*ring));
  EXPECT_TRUE(ring->push(std::uint64_t{1}));
  EXPECT_EQ(ring->pending_bytes(), 16U);
  EXPECT_EQ(other_ring.pending_bytes(), 16U);
}

TEST_F(BpfMoved, HandlesAreCopied) {
  const LoadedBpf bpf = BpfObject::open(readers::object).load();
  fathom::BpfMap map = bpf.map("events");
  const fathom::BpfMap other_map(std::move(map));
  EXPECT_EQ(map.id(), other_map.id());
  EXPECT_EQ(map.info().max_entries, 4096U);
  auto program = bpf.program<fathom::SyscallProgram>("emit");
  const fathom::SyscallProgram other_program(std::move(program));
  EXPECT_EQ(program.id(), other_program.id());
  auto variable = bpf.variable<std::uint64_t>("calls");
  const fathom::BpfVariable<std::uint64_t> other_variable(std::move(variable));
  other_variable.store(5);
  EXPECT_EQ(variable.load(), 5U);
}

TEST_F(BpfMoved, ARingBufferIsEmpty) {
  const LoadedBpf bpf = BpfObject::open(readers::object).load();
  auto from = bpf.ring_buffer<readers::event>(readers::events);
  readers::request request{.first = 0, .count = 3, .what = 0, .refused = 0};
  EXPECT_EQ(bpf.program<fathom::SyscallProgram>("emit").run(request), 17U);
  const fathom::RingBatch<readers::event> batch = from.poll(1s);
  std::size_t calls = 0;
  const auto count = [&](const readers::event&) { calls += 1; };
  {
    fathom::RingBuffer<readers::event> to(std::move(from));
    EXPECT_EQ(from.native_handle(), -1);
    EXPECT_EQ(from.waiting(), 0U);
    EXPECT_TRUE(batch.empty());
    EXPECT_TRUE(from.drain().empty());
    EXPECT_EQ(from.consume(count), 0U);
    EXPECT_TRUE(from.poll(0ms).empty());
    expect_bad_descriptor([&] { (void)from.poll(1s); });
    expect_bad_descriptor([&] { (void)from.poll(); });
    EXPECT_EQ(from.lost(), 0U);
    EXPECT_EQ(to.consume(count), 3U);
    from = std::move(to);
    EXPECT_TRUE(to.drain().empty());
  }
  EXPECT_EQ(from.consume(count), 0U);
  EXPECT_EQ(bpf.program<fathom::SyscallProgram>("emit").run(request), 17U);
  EXPECT_EQ(from.consume(count), 3U);
  EXPECT_EQ(calls, 6U);
}

TEST_F(BpfMoved, APerfBufferHasNoRings) {
  const LoadedBpf bpf = BpfObject::open(readers::object).load();
  auto from = bpf.perf_buffer<readers::event>(readers::samples);
  const fathom::PerfBuffer<readers::event> to(std::move(from));
  EXPECT_EQ(from.native_handle(), -1);
  EXPECT_EQ(from.lost(), 0U);
  EXPECT_EQ(from.lost(0), 0U);
  EXPECT_EQ(from.stats().records, 0U);
  EXPECT_TRUE(from.cpus().empty());
  expect_bad_descriptor([&] { (void)from.wait(0ms); });
  expect_bad_descriptor([&] { from.consume([](unsigned, const readers::event&) {}); });
  expect_bad_descriptor([&] { (void)from.drain(); });
  EXPECT_FALSE(to.cpus().empty());
}

TEST_F(BpfMoved, ALinkIsNone) {
  const LoadedBpf bpf = BpfObject::open(readers::object).load();
  BpfLink from = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  BpfLink to(std::move(from));
  EXPECT_FALSE(from);
  EXPECT_EQ(from.native_handle(), -1);
  EXPECT_EQ(from.pin_path(), "");
  expect_bad_descriptor([&] { (void)from.info(); });
  expect_bad_descriptor([&] { from.pin("/sys/fs/bpf/fathom_moved"); });
  expect_bad_descriptor([&] { from.update(bpf.program("emit")); });
  EXPECT_EQ(error_of([&] { from.unpin(); }).code(), std::errc::no_such_file_or_directory);
  from.detach();
  EXPECT_TRUE(to);
}

TEST_F(BpfMoved, ABpfTimerDoesNotRun) {
  std::string reason;
  const auto bpf = if_kernel_has([] { return BpfObject::open(timers::object).load(); }, reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  fathom::BpfTimer from(*bpf, timers::slow, {.period = 1ms});
  from.start();
  fathom::BpfTimer to(std::move(from));
  EXPECT_EQ(from.name(), "");
  EXPECT_EQ(from.period(), 0ns);
  EXPECT_FALSE(from.running());
  from.stop();
  expect_bad_descriptor([&] { from.start(); });
  expect_bad_descriptor([&] { (void)from.ticks(); });
  EXPECT_TRUE(to.running());
}

}  // namespace

// NOLINTEND(bugprone-use-after-move)
