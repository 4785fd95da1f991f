// What recording costs: Recorder against `trace-cmd record`, with raw_syscalls events into files in memory.
//
//   tests/vm/with-tracefs BUILD_DIR/benchmarks/recorder_cost [RUNS [SECONDS [KB]]]
//
// Turn by turn, in a ring buffer each of its own of the same size: CPU time of the recording processes per event that
// they recorded, and the share of events that were lost, from tracing_on until the buffers are drained after
// tracing_off. Setting up and finishing the file are left out. The answer is checked: the pages that our files hold
// have as many events as the kernel counted. Needs root, trace-cmd, and a tracefs.
#include <fathom/base/error.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/tracefs/page_files.hpp>
#include <fathom/tracefs/raw_formats.hpp>
#include <fathom/tracefs/recorder.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using fathom::Error;
using fathom::TraceArray;

struct Setting {
  int runs = 5;
  double seconds = 1;
  std::uint64_t buffer_kb = 1408;
};

struct Cost {
  double cpu_seconds = 0;
  std::uint64_t events = 0;
  std::uint64_t lost = 0;

  [[nodiscard]] double nanoseconds_per_event() const { return cpu_seconds * 1e9 / static_cast<double>(events); }
  [[nodiscard]] double lost_share() const { return static_cast<double>(lost) / static_cast<double>(lost + events); }
};

// The processor time of a process until now.
double cpu_seconds_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/schedstat");
  double nanoseconds = 0;
  file >> nanoseconds;
  return nanoseconds / 1e9;
}

struct Counted {
  std::uint64_t read = 0;
  std::uint64_t lost = 0;
};

Counted count(const TraceArray& array) {
  Counted counted;
  for (const unsigned cpu : array.cpus().cpus()) {
    const fathom::RingBufferStats stats = array.stats(cpu);
    counted.read += stats.read_events;
    counted.lost += stats.lost();
  }
  return counted;
}

// One thread a CPU that makes system calls, for so long.
void make_system_calls(double seconds) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < fathom::CpuSet::online().size(); ++i)
    threads.emplace_back([&] {
      while (!stop.load(std::memory_order_relaxed))
        (void)::getppid();
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
}

// Until the recorders have taken all that they take.
void wait_until_read(const TraceArray& array) {
  std::uint64_t before = ~std::uint64_t{0};
  for (std::uint64_t now = count(array).read; now != before; now = count(array).read) {
    before = now;
    std::this_thread::sleep_for(200ms);
  }
}

// From tracing_on to tracing_off, with these processes at work.
Cost measure(TraceArray& array, const std::vector<pid_t>& recorders, const Setting& setting) {
  const auto cpu_seconds = [&] {
    double sum = 0;
    for (const pid_t pid : recorders)
      sum += cpu_seconds_of(pid);
    return sum;
  };
  const Counted counted_before = count(array);
  const double before = cpu_seconds();
  array.set_tracing_on(true);
  make_system_calls(setting.seconds);
  array.set_tracing_on(false);
  wait_until_read(array);
  const Counted counted = count(array);
  return {cpu_seconds() - before, counted.read - counted_before.read, counted.lost - counted_before.lost};
}

void check_pages(const fathom::PageFiles& files, const fathom::FormatRegistry& formats, std::uint64_t events) {
  struct Count {
    std::uint64_t records = 0;
    void on(const fathom::RawRecord& /*record*/) { ++records; }
  } decoded;
  fathom::PageDecoder decoder(formats);
  for (const unsigned cpu : files.cpus()) {
    std::ifstream in(files.path(cpu), std::ios::binary);
    const std::vector<char> bytes(std::istreambuf_iterator<char>(in), {});
    decoder.feed(cpu, std::as_bytes(std::span(bytes)), decoded);
  }
  if (decoded.records != events || decoder.stats().skipped_records() != 0)
    throw std::runtime_error("the files hold " + std::to_string(decoded.records) + " events, the kernel counted " +
                             std::to_string(events));
}

// In the child: records until it is told to stop by a byte, then says that it has.
int record(const TraceArray& array, const Setting& setting, int orders, int answers) {
  fathom::PageFiles files("/dev/shm/fathom-recorder-cost.cpu");
  const fathom::FormatRegistry formats = fathom::read_formats(array);
  fathom::Recorder recorder(array, {.buffer_size_kb = setting.buffer_kb});
  recorder.start();
  TraceArray(array).set_tracing_on(false);
  (void)!::write(answers, "r", 1);
  while (recorder.run(files, {.until = orders}) != fathom::RecorderEnd::until) {
    // It is the other process that switches tracing on and off.
  }
  const fathom::Recording recording = recorder.stop(files);
  check_pages(files, formats, recording.events());
  files.remove();
  return 0;
}

Cost ours(const fathom::TraceFs& tracefs, const Setting& setting) {
  fathom::TraceInstance instance = tracefs.instance();
  instance.set_tracing_on(false);
  fathom::TraceEvents(instance).enable("raw_syscalls");
  std::array<int, 2> orders{};
  std::array<int, 2> answers{};
  if (::pipe2(orders.data(), O_CLOEXEC) != 0 || ::pipe2(answers.data(), O_CLOEXEC) != 0)
    throw Error(errno, "make a pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    try {
      status = record(instance, setting, orders[0], answers[1]);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    ::_exit(status);
  }
  ::close(answers[1]);
  char answer = 0;
  Cost cost;
  if (::read(answers[0], &answer, 1) == 1)
    cost = measure(instance, {child}, setting);
  (void)!::write(orders[1], "s", 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  for (const int descriptor : {orders[0], orders[1], answers[0]})
    ::close(descriptor);
  if (status != 0)
    throw std::runtime_error("our recorder failed");
  return cost;
}

std::string comm_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string comm;
  std::getline(file, comm);
  return comm;
}

std::vector<pid_t> children_of(pid_t pid, const std::string& comm) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) {
    if (comm_of(child) == comm)
      children.push_back(child);
  }
  return children;
}

// Its recorders are children of it, and so is the command that it waits for.
Cost theirs(const fathom::TraceFs& tracefs, const Setting& setting) {
  const std::string name = "recorder-cost-" + std::to_string(::getpid());
  const std::string output = "/dev/shm/" + name + ".dat";
  const std::string size = std::to_string(setting.buffer_kb);
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::execlp("trace-cmd", "trace-cmd", "record", "-q", "-B", name.c_str(), "-e", "raw_syscalls", "-b", size.c_str(),
             "-o", output.c_str(), "sleep", "1000", nullptr);
    ::_exit(127);
  }
  TraceArray array(tracefs.files(), "instances/" + name + '/');
  std::vector<pid_t> recorders;
  for (int i = 0; i < 200 && children_of(child, "sleep").empty(); ++i)
    std::this_thread::sleep_for(50ms);
  recorders = children_of(child, "trace-cmd");
  const std::vector<pid_t> command = children_of(child, "sleep");
  if (recorders.empty() || command.empty()) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    throw std::runtime_error("trace-cmd does not record");
  }
  array.set_tracing_on(false);
  wait_until_read(array);
  const Cost cost = measure(array, recorders, setting);
  ::kill(command.front(), SIGTERM);
  ::waitpid(child, nullptr, 0);
  ::unlink(output.c_str());
  return cost;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

int compare(const Setting& setting) {
  const fathom::TraceFs tracefs;
  std::vector<double> ratios;
  std::vector<double> more_lost;
  std::cout << "run  ns/event ours  trace-cmd  ratio  lost ours  trace-cmd  events ours  trace-cmd\n";
  for (int run = 0; run < setting.runs; ++run) {
    Cost mine;
    Cost other;
    if (run % 2 == 0) {
      mine = ours(tracefs, setting);
      other = theirs(tracefs, setting);
    } else {
      other = theirs(tracefs, setting);
      mine = ours(tracefs, setting);
    }
    ratios.push_back(mine.nanoseconds_per_event() / other.nanoseconds_per_event());
    more_lost.push_back(100 * (mine.lost_share() - other.lost_share()));
    std::cout << run + 1 << "  " << mine.nanoseconds_per_event() << "  " << other.nanoseconds_per_event() << "  "
              << ratios.back() << "  " << 100 * mine.lost_share() << " %  " << 100 * other.lost_share() << " %  "
              << mine.events << "  " << other.events << '\n';
  }
  std::cout << "median ratio of CPU time per event: " << median(ratios)
            << "\nmedian difference of the share lost: " << median(more_lost) << " points\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    Setting setting;
    if (!arguments.empty())
      setting.runs = std::max(1, std::stoi(arguments[0]));
    if (arguments.size() > 1)
      setting.seconds = std::stod(arguments[1]);
    if (arguments.size() > 2)
      setting.buffer_kb = std::stoul(arguments[2]);
    return compare(setting);
  } catch (const std::exception& error) {
    std::cerr << "recorder_cost: " << error.what() << '\n';
    return 1;
  }
}
