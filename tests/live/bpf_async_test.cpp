// Everything that this library can wait for, awaited with Asio: how many records, signals and ends came is known from
// what the test itself made happen.

#include "bpf_program.hpp"
#include "bpf_support.hpp"
#include "held_child.hpp"

#include <fathom/async/async_reader.hpp>
#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/perf_buffer.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/bpf/syscall_program.hpp>
#include <fathom/bpf/tracepoint.hpp>
#include <fathom/perf/ksymbol_events.hpp>
#include <fathom/process/child.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/symbols/live_kallsyms.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fathom-bpf/opensnoop.bpf.hpp>
#include <fathom-bpf/readers.bpf.hpp>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using fathom::AsyncReader;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::live::HeldChild;

using AsyncLive = fathom::live::BpfTest;

constexpr auto kLong = 60s;  // longer than anything here takes
constexpr unsigned kBursts = 60;
constexpr unsigned kInABurst = 25;
constexpr unsigned kCalls = kBursts * kInABurst;

// Calls getppid, now fast, now slowly: so that the reader is now behind, now asleep.
bool call_in_bursts() {
  for (unsigned burst = 0; burst < kBursts; ++burst) {
    for (unsigned i = 0; i < kInABurst; ++i)
      ::syscall(SYS_getppid);
    ::usleep(burst % 7 * 100);
  }
  return true;
}

LoadedBpf load_readers(int pid) {
  BpfObject object = BpfObject::open(readers::object);
  object.variable("target_pid").set<std::int32_t>(pid);
  // Room for all that a test emits: on one emulated CPU the reader may not run before the emitter is done.
  object.map("events").max_entries = 1U << 16;
  return object.load();
}

void emit(const LoadedBpf& bpf, std::uint32_t count) {
  readers::request request{.first = 0, .count = count, .what = 0, .refused = 0};
  EXPECT_EQ(bpf.program<fathom::SyscallProgram>("emit").run(request), 17U);
}

bool stands(const fathom::LiveKallsyms& live, const std::string& name) {
  const fathom::KallsymsIndex symbols = live.current();
  return !symbols.named(name).empty();
}

void run_ready(asio::io_context& context) {
  context.restart();
  context.poll();
}

// As in the README.
asio::awaitable<void> collect(fathom::RingBuffer<opensnoop::open> opens, std::size_t count,
                              std::vector<std::string>& paths) {
  AsyncReader reader(co_await asio::this_coro::executor, std::move(opens));
  while (paths.size() < count) {
    for (const opensnoop::open& open : co_await reader.async_read(asio::use_awaitable))
      paths.emplace_back(open.path);
  }
  EXPECT_EQ(reader.source().lost(), 0U);
}

// Reads until `kCalls` records have come, all of them and in order.
asio::awaitable<void> count_samples(fathom::PerfBuffer<readers::event>& samples, std::vector<std::uint64_t>& numbers) {
  AsyncReader reader(co_await asio::this_coro::executor, samples);
  while (numbers.size() < kCalls) {
    const fathom::PerfBatch<readers::event> batch = co_await reader.async_read(asio::use_awaitable);
    EXPECT_EQ(batch.lost, 0U);
    for (const auto& [cpu, record] : batch.records) {
      EXPECT_EQ(cpu, record.cpu);
      numbers.push_back(record.number);
    }
  }
}

}  // namespace

TEST_F(AsyncLive, ACoroutineReadsWhatAChildOpens) {
  constexpr int kPaths = 50;
  HeldChild child([] {
    for (int i = 0; i < kPaths; ++i)
      ::open(("/nowhere/" + std::to_string(i)).c_str(), O_RDONLY | O_CLOEXEC);
    return true;
  });
  BpfObject object = BpfObject::open(opensnoop::object);
  object.variable("target_pid").set<int>(child.pid());
  const LoadedBpf bpf = object.load();
  std::vector<fathom::BpfLink> links;
  for (const auto& program : bpf.programs())
    links.push_back(fathom::Tracepoint(program).attach());

  asio::io_context context;
  std::vector<std::string> paths;
  asio::co_spawn(context, collect(bpf.ring_buffer<opensnoop::open>(opensnoop::opens), kPaths, paths), asio::detached);
  run_ready(context);  // it waits
  EXPECT_TRUE(paths.empty());
  ASSERT_TRUE(child.run());
  context.restart();
  context.run_for(kLong);
  ASSERT_EQ(paths.size(), std::size_t{kPaths});
  for (int i = 0; i < kPaths; ++i)
    EXPECT_EQ(paths[static_cast<std::size_t>(i)], "/nowhere/" + std::to_string(i));
}

// Its events tell only once, to the first that asks, that something is there.
TEST_F(AsyncLive, NoWakeUpOfAPerfBufferIsMissed) {
  HeldChild child(call_in_bursts);
  const LoadedBpf bpf = load_readers(child.pid());
  auto samples = bpf.perf_buffer<readers::event>("samples");
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  asio::io_context context;
  std::vector<std::uint64_t> numbers;
  asio::co_spawn(context, count_samples(samples, numbers), asio::detached);
  {
    const std::jthread first([&] { context.run_for(kLong); });
    const std::jthread second([&] { context.run_for(kLong); });
    EXPECT_TRUE(child.run());
  }
  ASSERT_EQ(numbers.size(), kCalls);
  std::ranges::sort(numbers);  // the child may have moved between CPUs
  for (std::uint64_t i = 0; i < kCalls; ++i)
    ASSERT_EQ(numbers[i], i);
}

TEST_F(AsyncLive, TwoReadersShareAContextOfTwoThreads) {
  HeldChild child(call_in_bursts);
  const LoadedBpf bpf = load_readers(child.pid());
  auto samples = bpf.perf_buffer<readers::event>("samples");
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  asio::io_context context;
  std::vector<std::uint64_t> numbers;
  asio::co_spawn(asio::make_strand(context), count_samples(samples, numbers), asio::detached);
  constexpr std::uint64_t kEvents = 500;
  std::uint64_t sum = 0;
  auto events = bpf.ring_buffer<readers::event>("events");
  asio::co_spawn(
      asio::make_strand(context),
      [&]() -> asio::awaitable<void> {
        // By consume(), which gives records their room back one by one.
        AsyncReader reader(co_await asio::this_coro::executor, events, [&](auto& ring) {
          return ring.consume([&](const readers::event& event) { sum += event.number; });
        });
        for (std::size_t read = 0; read < kEvents;)
          read += co_await reader.async_read(asio::use_awaitable);
      },
      asio::detached);
  {
    const std::jthread first([&] { context.run_for(kLong); });
    const std::jthread second([&] { context.run_for(kLong); });
    const std::jthread emitter([&] {
      for (std::uint64_t i = 0; i < kEvents / 10; ++i) {
        emit(bpf, 10);
        std::this_thread::sleep_for(std::chrono::microseconds(i * 30));
      }
    });
    EXPECT_TRUE(child.run());
  }
  EXPECT_EQ(numbers.size(), kCalls);
  EXPECT_EQ(events.stats().read, kEvents);
  EXPECT_EQ(sum, kEvents / 10 * 45);
  EXPECT_EQ(events.lost(), 0U);
}

TEST_F(AsyncLive, ARecordThatIsNotFinishedIsAskedForInPauses) {
  if (fathom::CpuSet::online().size() == 1)
    GTEST_SKIP() << "one CPU only: nobody reads while a program runs";
  const LoadedBpf bpf = load_readers(-1);
  auto events = bpf.ring_buffer<readers::event>("events");
  asio::io_context context;
  unsigned looks = 0;
  AsyncReader reader(context.get_executor(), events, [&](auto& ring) {
    looks += 1;
    return ring.drain();
  });
  auto holding = bpf.variable(readers::holding);
  holding.store(1);
  std::jthread writer([&] { EXPECT_EQ(bpf.program<fathom::SyscallProgram>("hold").run(), 0U); });
  // Whatever happens here: the writer, which is joined after this, has to end.
  const std::shared_ptr<void> release(nullptr, [&](void*) { holding.store(0); });
  const auto latest = std::chrono::steady_clock::now() + kLong;
  while (events.waiting() == 0 && std::chrono::steady_clock::now() < latest)
    std::this_thread::yield();
  ASSERT_NE(events.waiting(), 0U);
  std::uint64_t number = 0;
  reader.async_read([&](error_code, const fathom::RingBatch<readers::event>& batch) {
    for (const readers::event& event : batch)
      number = event.number;
  });
  const auto begin = std::chrono::steady_clock::now();
  context.run_for(100ms);
  const auto pauses = static_cast<unsigned>((std::chrono::steady_clock::now() - begin) / 1600us);
  EXPECT_EQ(number, 0U);
  // Each pause that a busy machine makes longer than that starts a new row of looks. Without pauses: tens of thousands.
  EXPECT_LE(looks, 20 * pauses + 50);
  holding.store(0);
  context.restart();
  context.run_for(kLong);
  EXPECT_EQ(number, 77U);
}

TEST_F(AsyncLive, ARingsReadIsCancelledAndDestroyed) {
  const LoadedBpf bpf = load_readers(-1);
  asio::io_context context;
  std::optional<AsyncReader<fathom::RingBuffer<readers::event>>> reader(std::in_place, context.get_executor(),
                                                                        bpf.ring_buffer<readers::event>("events"));
  std::size_t read = 0;
  std::vector<error_code> errors;
  const auto handler = [&](error_code error, const fathom::RingBatch<readers::event>& batch) {
    errors.push_back(error);
    for (const readers::event& event : batch) {
      EXPECT_EQ(event.number, read);
      read += 1;
    }
  };
  reader->async_read(handler);
  run_ready(context);
  reader->cancel();
  emit(bpf, 3);
  run_ready(context);
  EXPECT_THAT(errors, testing::ElementsAre(error_code(asio::error::operation_aborted)));
  reader->async_read(handler);  // nothing was lost
  run_ready(context);
  EXPECT_EQ(read, 3U);
  std::future<fathom::RingBatch<readers::event>> batch = reader->async_read(asio::use_future);
  emit(bpf, 1);
  run_ready(context);
  EXPECT_FALSE(batch.get().empty());
  for (const bool waiting : {true, false}) {
    if (!reader)
      reader.emplace(context.get_executor(), bpf.ring_buffer<readers::event>("events"));
    for (const readers::event& event : reader->source().drain())
      EXPECT_EQ(event.number, 0U);
    reader->async_read(handler);
    if (waiting)
      run_ready(context);
    emit(bpf, 1);
    reader.reset();
    run_ready(context);
    EXPECT_EQ(errors.back(), asio::error::operation_aborted);
  }
  EXPECT_EQ(errors.size(), 4U);
}

TEST_F(AsyncLive, SymbolsComeAndGo) {
  fathom::KsymbolEvents ksymbols;
  fathom::LiveKallsyms live;
  asio::io_context context;
  std::vector<fathom::KsymbolEvent> events;
  std::string name;
  std::optional<fathom::UniqueFd> program = fathom::live::load_bpf_program("fathom_async");
  name = fathom::live::kallsyms_name(*program, "fathom_async");
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        AsyncReader reader(co_await asio::this_coro::executor, ksymbols);
        while (events.size() < 2) {
          const fathom::KsymbolBatch batch = co_await reader.async_read(asio::use_awaitable);
          std::ranges::copy_if(batch.events, std::back_inserter(events),
                               [&](const fathom::KsymbolEvent& event) { return event.name == name; });
        }
      },
      asio::detached);
  // Four epoll descriptors within each other.
  bool there = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        AsyncReader reader(co_await asio::this_coro::executor, live, &fathom::LiveKallsyms::refresh_if_due);
        for (bool gone = false; !gone;) {
          const fathom::SymbolRefresh refresh = co_await reader.async_read(asio::use_awaitable);
          EXPECT_TRUE(refresh);
          const bool now = stands(live, name);
          gone = there && !now;
          there = there || now;
          if (there)
            program.reset();
        }
      },
      asio::detached);
  context.run_for(kLong);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_FALSE(events[0].unregistered);
  EXPECT_TRUE(events[1].unregistered);
  EXPECT_TRUE(there);
  EXPECT_FALSE(stands(live, name));
}

TEST_F(AsyncLive, ASignalAndAChildsEnd) {
  asio::io_context context;
  fathom::StopSignals stop;
  AsyncReader signals(context.get_executor(), stop, &fathom::StopSignals::received);
  fathom::Child child({"/bin/sh", "-c", "exit 7"});
  AsyncReader ends(context.get_executor(), child, &fathom::Child::try_wait);
  std::optional<int> signal;
  std::optional<fathom::ExitStatus> status;
  signals.async_read([&](error_code, std::optional<int> received) { signal = received; });
  ends.async_read([&](error_code, std::optional<fathom::ExitStatus> end) {
    status = end;
    ::kill(::getpid(), SIGTERM);
  });
  run_ready(context);
  EXPECT_FALSE(status || signal);
  child.resume();
  context.restart();
  context.run_for(kLong);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->shell_code(), 7);
  EXPECT_EQ(signal, SIGTERM);
}

TEST_F(AsyncLive, ATracePipeByTheTick) {
  std::optional<fathom::TraceInstance> instance;
  try {
    instance.emplace(fathom::TraceFs().instance());
  } catch (const fathom::Error& e) {
    GTEST_SKIP() << e.what();
  }
  instance->set_tracing_on(true);
  asio::io_context context;
  std::string text;
  {
    const auto pipe = instance->open_trace_pipe();
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
          AsyncReader reader(co_await asio::this_coro::executor, *pipe,
                             [](fathom::TraceStream& stream) {
                               std::array<char, 4096> piece{};
                               return std::string(piece.data(), stream.read(piece).value_or(0));
                             },
                             {.tick = 10ms});
          while (text.find("the end") == std::string::npos)
            text += co_await reader.async_read(asio::use_awaitable);
        },
        asio::detached);
    run_ready(context);
    for (int i = 0; i < 20; ++i) {
      instance->write_marker("async " + std::to_string(i));
      context.restart();
      context.run_for(2ms);
    }
    instance->write_marker("the end");
    context.restart();
    context.run_for(kLong);
  }
  for (int i = 0; i < 20; ++i)
    EXPECT_NE(text.find("async " + std::to_string(i) + "\n"), std::string::npos) << i;
}
