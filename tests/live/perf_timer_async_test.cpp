// Timers of perf events, awaited.

#include "this_process.hpp"
#include "timer_support.hpp"

#include <fathom/async/async_reader.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fathom::live {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST(PerfTimerAsync, TicksAreAwaited) {
  asio::io_context context;
  PerfTimer timer{{.rate = Hz{200}}};
  std::size_t ticks = 0;
  std::size_t reads = 0;
  Timestamp last{};
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        AsyncReader reader(co_await asio::this_coro::executor, timer);
        while (ticks < 200) {
          const TimerBatch batch = co_await reader.async_read(asio::use_awaitable);
          EXPECT_FALSE(batch.empty());
          EXPECT_EQ(batch.lost, 0U);
          for (const PerfTick& tick : batch.ticks) {
            EXPECT_GE(tick.time + Duration(10ms), last);  // of two CPUs, in two batches
            last = tick.time;
          }
          ticks += batch.ticks.size();
          reads += 1;
        }
      },
      asio::detached);
  context.run_for(20s);
  EXPECT_GE(ticks, 200U);
  EXPECT_LE(reads, ticks + 20);
  timer.stop();
  const std::size_t left = timer.drain().ticks.size();
  EXPECT_EQ(timer.ticks().delivered, ticks + left);
}

TEST(PerfTimerAsync, AThreadsEndIsAwaited) {
  asio::io_context context;
  std::atomic<int> tid{0};
  std::atomic<bool> go{false};
  std::jthread worker([&] {
    tid = PerfThread::self().tid;
    while (!go)
      std::this_thread::sleep_for(1ms);
    work_for(50ms);
  });
  while (tid == 0)
    std::this_thread::sleep_for(1ms);
  std::size_t ticks = 0;
  bool ended = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        AsyncReader reader(executor, PerfTimer{{.rate = 2ms, .on = PerfThread{tid}}});
        go = true;
        while (!ended) {
          const TimerBatch batch = co_await reader.async_read(asio::use_awaitable);
          ticks += batch.ticks.size();
          for (const TimerChange& change : batch.changes)
            ended = change.tid == tid;
        }
        EXPECT_EQ(reader.source().ticks().delivered, ticks);
      },
      asio::detached);
  context.run_for(20s);
  EXPECT_TRUE(ended);
  EXPECT_GT(ticks, 5U);
}

}  // namespace
}  // namespace fathom::live
