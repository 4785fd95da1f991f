// Samples, awaited.
#include <fathom/async/async_reader.hpp>
#include <fathom/perf/perf_sampler.hpp>
#include <fathom/process/child.hpp>

#include <gtest/gtest.h>

#include <cstdint>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fathom::live {
namespace {

namespace asio = boost::asio;

// Adds up what comes until the watched threads have ended.
asio::awaitable<void> count_samples(AsyncReader<PerfSampler>& reader, std::uint64_t& samples) {
  for (bool ended = false; !ended;) {
    const PerfSampleBatch batch = co_await reader.async_read(asio::use_awaitable);
    for ([[maybe_unused]] const PerfSample& sample : batch.samples())
      ++samples;
    ended = batch.ended;
  }
}

TEST(PerfAsyncLive, SamplesAreAwaitedUntilTheCommandEnds) {
  Child child{{"/bin/sh", "-c", "/bin/true; /bin/true; exit 0"}};
  asio::io_context context;
  AsyncReader<PerfSampler> reader{
      context.get_executor(),
      PerfSampler{
          "syscalls:sys_enter_exit_group",
          {.rate = EventCount{1}, .on = PerfThread{child.pid(), PerfFollow::children}, .start = PerfStart::on_exec}}};
  std::uint64_t samples = 0;
  asio::co_spawn(context, count_samples(reader, samples), asio::detached);
  child.resume();
  context.run();
  EXPECT_EQ(samples, 3U) << "the shell and its two commands";
  EXPECT_EQ(reader.source().count().value, 3U);
}

}  // namespace
}  // namespace fathom::live
