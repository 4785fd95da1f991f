// record: what does the kernel do while a command runs? Into a trace.dat, for `report`, trace-cmd and KernelShark.
//
// Shows TraceSession (a buffer of our own), TraceEvents (what to record), Recorder and PageFiles (pages into files
// without copying them), Child and StopSignals (a command, and being stopped), TraceDatWriter (the file).

#include "common/live_counter.hpp"
#include "common/program.hpp"
#include "record_file.hpp"
#include "record_options.hpp"

#include <fathom/base/error.hpp>
#include <fathom/process/child.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/tracefs/page_files.hpp>
#include <fathom/tracefs/recorder.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

namespace {

using namespace record;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kName = "record";

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
    const std::string text =
        fmt::format("recording: {:.0f} events/s, {:.2f} MB/s, {:.0f} lost/s; {} events, {} lost",
                    per_second(now.events(), events_, seconds), per_second(now.bytes(), bytes_, seconds) / 1e6,
                    per_second(now.lost(), lost_, seconds), now.events(), now.lost());
    last_ = time;
    events_ = now.events();
    bytes_ = now.bytes();
    lost_ = now.lost();
    return text;
  }

 private:
  static double per_second(std::uint64_t now, std::uint64_t before, double seconds) {
    return static_cast<double>(now - before) / seconds;
  }
  Clock::time_point last_ = Clock::now();
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t lost_ = 0;
};

void enable_events(const Options& options, const fathom::TraceArray& array) {
  const fathom::TraceEvents all(array);
  for (const auto& [pattern, filter] : options.events) {
    const auto events = all.match(pattern);
    if (events.empty())
      static_cast<void>(all.event(pattern));  // throws, with the names that are most like it
    for (const fathom::EventName& name : events) {
      fathom::TraceEvent event = all.event(name);
      if (!filter.empty())
        event.set_filter(filter);
      event.enable();
    }
  }
}

// A file that cannot be written is a mistake to hear of before anything is recorded. Leaves none that was not there.
void require_writable(const std::string& path) {
  const bool there = ::access(path.c_str(), F_OK) == 0;
  errno = 0;
  if (!std::ofstream(path, std::ios::binary | std::ios::app))
    throw fathom::Error(errno, "write", path);
  if (!there)
    ::unlink(path.c_str());
}

// After a failure: what was recorded stays where it has not become a trace.dat.
void give_up(fathom::PageFiles& pages, bool keep) {
  if (keep && !pages.cpus().empty()) {
    std::string names;
    for (const unsigned cpu : pages.cpus())
      names += (names.empty() ? "" : ", ") + pages.path(cpu);
    return examples::tell(kName, "the pages that were recorded stay in " + names);
  }
  try {
    pages.remove();
  } catch (const fathom::Error& e) {
    examples::tell(kName, e.what());
  }
}

void resume(fathom::Child& child) {
  try {
    child.resume();
  } catch (const fathom::Error& e) {
    throw examples::CommandError(e.what(), e.code() != std::errc::no_such_file_or_directory);
  }
}

bool readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0;
}

// Ends a command that still runs, and gives its exit status.
int end_command(fathom::Child& child, std::optional<int> signal) {
  constexpr int kGraceMilliseconds = 2000;
  if (signal && !child.try_wait()) {
    child.kill(*signal);
    pollfd ended{child.pidfd(), POLLIN, 0};
    if (::poll(&ended, 1, kGraceMilliseconds) <= 0)
      child.kill(SIGKILL);
  }
  return child.wait().shell_code();
}

void tell(const Options& options, const fathom::Recording& recording, std::uint64_t size) {
  const double seconds = std::chrono::duration<double>(recording.duration).count();
  if (options.json) {
    nlohmann::json cpus = nlohmann::json::array();
    for (const fathom::RecordedCpu& cpu : recording.cpus)
      cpus.push_back({{"cpu", cpu.cpu}, {"events", cpu.read_events}, {"bytes", cpu.bytes}, {"lost", cpu.lost()}});
    const nlohmann::json object = {{"file", options.output},       {"file_bytes", size},
                                   {"events", recording.events()}, {"bytes", recording.bytes()},
                                   {"lost", recording.lost()},     {"nanoseconds", recording.duration.count()},
                                   {"cpus", std::move(cpus)}};
    std::cout << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
  }
  if (!options.quiet || recording.lost() != 0)
    examples::tell(kName, fmt::format("{}: {} events of {:.3f} s, {} bytes of pages, {} lost", options.output,
                                      recording.events(), seconds, recording.bytes(), recording.lost()));
}

int run(int argc, const char* const* argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options)
    return 0;
  require_writable(options->output);
  fathom::StopSignals stop;
  const fathom::TraceFs tracefs;
  fathom::Child child(options->command);
  fathom::SessionOptions settings;
  if (options->tracer)
    settings.tracer = fathom::Tracer(*options->tracer);
  if (!options->all) {
    settings.pids = {child.pid()};
    settings.follow_forks = true;
  }
  settings.buffer_size_kb = options->buffer_size_kb;
  settings.clock = fathom::TraceClock::local;
  fathom::TraceSession session = tracefs.session(settings);
  enable_events(*options, session.array());

  fathom::PageFiles pages(fmt::format("{}.{}.cpu", options->output, ::getpid()));
  fathom::Recording recording;
  std::uint64_t size = 0;
  int status = 0;
  bool unsaved = false;
  try {
    fathom::Recorder recorder(session.array());
    recorder.start();
    resume(child);
    examples::LiveCounter counter(!options->quiet);
    const CpuLimit limit(options->cpu_limit);
    Rates rates;
    const auto ended = [&] { return readable(child.pidfd()) || stop.received().has_value(); };
    while (!ended()) {
      std::array<pollfd, 3> ready{
          {{recorder.native_handle(), POLLIN, 0}, {child.pidfd(), POLLIN, 0}, {stop.native_handle(), POLLIN, 0}}};
      static_cast<void>(::poll(ready.data(), ready.size(), 100));
      recorder.drain(pages);
      counter.update([&] { return rates.line(recorder.counts()); });
      limit.keep();
    }
    unsaved = true;
    recording = recorder.stop(pages);
    counter.clear();
    status = end_command(child, stop.received());
    size = write_file(*options, session.array(), recorder, pages, "local");
    unsaved = false;
    recorder.close();
  } catch (...) {
    give_up(pages, unsaved);
    throw;
  }
  pages.remove();
  session.close();
  tell(*options, recording, size);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program(kName, [&] { return run(argc, argv); });
}
