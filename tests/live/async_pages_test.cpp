// Raw pages awaited on a kernel, with the readiness and the timer that it takes.
#include "recorder_support.hpp"

#include <fathom/async/async_page_reader.hpp>
#include <fathom/tracefs/raw_trace_pipe.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

namespace fathom::live {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class AsyncPages : public testing::Test {
 protected:
  AsyncPages() : instance_(tracefs_.instance()) {
    instance_.set_tracing_on(false);
    TraceEvents(instance_).enable("raw_syscalls");
    instance_.event_pids().set({::gettid()});
    instance_.clear();
  }

  TraceFs tracefs_;
  TraceInstance instance_;
};

TEST_F(AsyncPages, AFewEventsAreGivenByTheTimer) {
  asio::io_context context;
  std::uint64_t events = 0;
  std::size_t ended_readers = 0;
  Tally tally(read_formats(instance_));
  std::vector<std::unique_ptr<AsyncPageReader<RawTracePipe>>> readers;
  for (const unsigned cpu : instance_.cpus().cpus()) {
    readers.push_back(
        std::make_unique<AsyncPageReader<RawTracePipe>>(context.get_executor(), RawTracePipe(instance_, cpu)));
    asio::co_spawn(
        context,
        [&tally, cpu, &reader = *readers.back()]() -> asio::awaitable<void> {
          while (true)
            tally.on(RawPages{cpu, co_await reader.async_read_pages(asio::use_awaitable)});
        },
        [&ended_readers](const std::exception_ptr& ended) {
          ended_readers += 1;
          // By cancel(), and by nothing else.
          ASSERT_TRUE(ended);
          try {
            std::rethrow_exception(ended);
          } catch (const boost::system::system_error& error) {
            EXPECT_EQ(error.code(), asio::error::operation_aborted) << error.what();
          }
        });
  }
  // Far less than what makes a buffer half full.
  instance_.set_tracing_on(true);
  call(100);
  instance_.set_tracing_on(false);
  context.run_for(500ms);
  for (const auto& [cpu, counted] : tally.cpus)
    events += counted.events;
  EXPECT_GE(events, 200U);
  std::uint64_t read = 0;
  for (const unsigned cpu : instance_.cpus().cpus())
    read += instance_.stats(cpu).read_events;
  EXPECT_EQ(events, read);
  for (const auto& reader : readers)
    reader->cancel();
  context.restart();
  context.run_for(10s);
  EXPECT_EQ(ended_readers, readers.size());
}

TEST_F(AsyncPages, ARecorderIsAwaitedAsAnyOtherSource) {
  asio::io_context context;
  Tally tally(read_formats(instance_));
  Recorder recorder(instance_);
  AsyncReader reader(context.get_executor(), recorder, [&](Recorder& source) { return source.drain(tally); });
  recorder.start();
  call(100);
  std::uint64_t bytes = 0;
  reader.async_read([&](const boost::system::error_code& error, std::uint64_t drained) {
    EXPECT_FALSE(error);
    bytes = drained;
  });
  context.run_for(10s);
  EXPECT_GT(bytes, 0U);
  const Recording recording = recorder.stop(tally);
  EXPECT_GE(recording.events(), 200U);
  expect_exact(recording, tally, true);
}

}  // namespace
}  // namespace fathom::live
