// What AsyncReader promises about threads. What it is worth shows under TSan.

#include "pipe_source.hpp"

#include <fathom/async/async_reader.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fathom {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t kThreads = 3;
constexpr std::size_t kBytes = 3000;

// Reads until `kBytes` have come.
asio::awaitable<void> read_all(PipeSource& pipe, std::atomic<std::size_t>& read) {
  AsyncReader reader(co_await asio::this_coro::executor, pipe, AsyncReaderOptions{.tick = 1ms});
  std::size_t mine = 0;
  while (mine < kBytes) {
    const std::string text = co_await reader.async_read(asio::use_awaitable);
    mine += text.size();
  }
  read += mine;
}

void run_in_threads(asio::io_context& context) {
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&context] { context.run_for(60s); });
}

TEST(AsyncReaderThreads, TwoReadersOfOneContextWithAndWithoutAStrand) {
  asio::io_context context;
  PipeSource first;
  PipeSource second;
  std::atomic<std::size_t> read = 0;
  asio::co_spawn(asio::make_strand(context), read_all(first, read), asio::detached);
  asio::co_spawn(context, read_all(second, read), asio::detached);
  const std::jthread writer([&] {
    for (std::size_t i = 0; i < kBytes; ++i) {
      first.write("1");
      second.write("2");
    }
  });
  run_in_threads(context);
  EXPECT_EQ(read, 2 * kBytes);
}

TEST(AsyncReaderThreads, AnyThreadMayCancel) {
  asio::io_context context;
  PipeSource pipe;
  AsyncReader reader(context.get_executor(), pipe);
  std::atomic<bool> stop = false;
  std::size_t aborted = 0;
  std::size_t bytes = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        while (aborted < 300 || bytes < 300) {
          boost::system::error_code error;
          const std::string text = co_await reader.async_read(asio::redirect_error(asio::use_awaitable, error));
          if (error) {
            EXPECT_EQ(error, asio::error::operation_aborted);
            ++aborted;
          }
          bytes += text.size();
        }
        stop = true;
      },
      asio::detached);
  const std::jthread canceller([&] {
    while (!stop) {
      reader.cancel();
      std::this_thread::yield();
    }
  });
  const std::jthread writer([&] {
    for (std::size_t i = 0; !stop && i < 60000; ++i) {
      pipe.write("x");
      std::this_thread::yield();
    }
  });
  run_in_threads(context);
  stop = true;
  EXPECT_GE(aborted, 300U);
  EXPECT_GE(bytes, 300U);
}

TEST(AsyncReaderThreads, AReaderIsDestroyedWhileItsReadRuns) {
  for (int i = 0; i < 300; ++i) {
    asio::io_context context;
    PipeSource pipe;
    std::atomic<int> calls = 0;
    auto reader = std::make_unique<AsyncReader<PipeSource&>>(context.get_executor(), pipe);
    reader->async_read([&](boost::system::error_code error, const std::string& text) {
      EXPECT_EQ(text.empty(), error == asio::error::operation_aborted);
      ++calls;
    });
    {
      const std::jthread other([&context] { context.run(); });
      pipe.write("x");
      if (i % 2 == 0)
        std::this_thread::yield();
      reader.reset();
    }
    EXPECT_EQ(calls, 1);
  }
}

}  // namespace
}  // namespace fathom
