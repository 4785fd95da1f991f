#include "record_pages.hpp"

#include "common/command.hpp"
#include "common/live_counter.hpp"
#include "common/program.hpp"

#include <fathom/base/error.hpp>

#include <fmt/core.h>

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

namespace record {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::chrono::nanoseconds own_cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// Sleeps as long as it takes to stay below a share of one CPU.
class CpuLimit {
 public:
  explicit CpuLimit(std::optional<unsigned> percent) : percent_(percent), begin_(Clock::now()), used_(own_cpu_time()) {}
  // Not longer than 100 ms at a time: a stop shall not wait.
  void keep() const {
    if (!percent_)
      return;
    const auto used = own_cpu_time() - used_;
    const auto allowed_after = used * 100 / *percent_;
    const auto passed = Clock::now() - begin_;
    if (allowed_after > passed)
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(allowed_after - passed, 100ms));
  }

 private:
  std::optional<unsigned> percent_;
  Clock::time_point begin_;
  std::chrono::nanoseconds used_;
};

// What the live line shows: the growth since the last time, per second.
class Rates {
 public:
  std::string line(const fathom::Recording& now) {
    const auto time = Clock::now();
    const double seconds = std::max(std::chrono::duration<double>(time - last_).count(), 0.001);
    // With those that wait in the kernel's buffers, and that it may still overwrite.
    const std::uint64_t events = now.events() + now.entries();
    const std::string text =
        fmt::format("recording: {:.0f} events/s, {:.2f} MB/s, {:.0f} lost/s; {} events, {} lost",
                    per_second(events, events_, seconds), per_second(now.bytes(), bytes_, seconds) / 1e6,
                    per_second(now.lost(), lost_, seconds), events, now.lost());
    last_ = time;
    events_ = events;
    bytes_ = now.bytes();
    lost_ = now.lost();
    return text;
  }

 private:
  static double per_second(std::uint64_t now, std::uint64_t before, double seconds) {
    return static_cast<double>(now - std::min(before, now)) / seconds;
  }
  Clock::time_point last_ = Clock::now();
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t lost_ = 0;
};

bool readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0;
}

// Gives how many bytes of pages go away with it.
std::uint64_t stop_without_keeping(fathom::Recorder& recorder) {
  std::uint64_t unkept = 0;
  try {
    recorder.stop([&](const fathom::RawPages& pages) { unkept += pages.bytes.size(); });
  } catch (const fathom::Error&) {
    // What ended the recording was said, and this is no news: the buffers cannot be read.
  }
  return unkept;
}

}  // namespace

Recorded record_pages(const Options& options, fathom::Recorder& recorder, fathom::Child& child,
                      fathom::StopSignals& stop, examples::PageSpool& spool) {
  Recorded recorded;
  recorder.start();
  examples::resume(child);
  examples::LiveCounter counter(!options.quiet);
  const CpuLimit limit(options.cpu_limit);
  Rates rates;
  const auto ended = [&] { return readable(child.pidfd()) || stop.received().has_value(); };
  std::array<pollfd, 3> ready{
      {{child.pidfd(), POLLIN, 0}, {stop.native_handle(), POLLIN, 0}, {recorder.native_handle(), POLLIN, 0}}};
  try {
    while (!ended()) {
      static_cast<void>(::poll(ready.data(), ready.size(), 100));
      recorder.drain(spool);
      counter.update([&] { return rates.line(recorder.counts()); });
      limit.keep();
    }
    recorded.counts = recorder.stop(spool);
  } catch (const fathom::Error& e) {
    counter.clear();
    recorded.failure = e.what();
    examples::tell("record", fmt::format("records no more: {}", e.what()));
    recorded.unkept = stop_without_keeping(recorder);
    recorded.counts = recorder.counts();
    while (!ended())
      static_cast<void>(::poll(ready.data(), 2, -1));
  }
  return recorded;
}

}  // namespace record
