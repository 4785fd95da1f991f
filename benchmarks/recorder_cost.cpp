// What recording costs: Recorder against `trace-cmd record`, with raw_syscalls events into files in memory.
//
//   tests/vm/with-tracefs BUILD_DIR/benchmarks/recorder_cost [RUNS [SECONDS [KB]]]
//
// Both at once, so that whatever else the machine does strikes both alike, in a ring buffer each of its own of the same
// size that gets the same events: CPU time of the recording processes per event that they recorded, and the share of
// events that were lost, from tracing_on until the buffers are drained after tracing_off. Setting up and finishing the
// file are left out (-d: nor does trace-cmd touch the function tracer). The answer is checked: the pages that our files
// hold have as many events as the kernel counted. Needs root, trace-cmd, and a tracefs.
#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/tracefs/page_files.hpp>
#include <fathom/tracefs/raw_formats.hpp>
#include <fathom/tracefs/recorder.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_fs.hpp>

#include <fcntl.h>
#include <sys/mount.h>
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
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using fathom::Error;
using fathom::TraceArray;

struct Setting {
  int runs = 5;
  double seconds = 1;
  std::uint64_t buffer_kb = 1408;
  std::string folder;  // for the files
};

// In memory. Goes with all that is in it, whoever made it.
class Folder {
 public:
  Folder() {
    if (::mkdtemp(path_.data()) == nullptr)
      throw Error(errno, "make a folder like", path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/fathom-recorder-cost-XXXXXX";
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

// A recording that has been set up, with tracing off.
struct Subject {
  TraceArray array;
  std::vector<pid_t> recorders;

  [[nodiscard]] double cpu_seconds() const {
    double sum = 0;
    for (const pid_t pid : recorders)
      sum += cpu_seconds_of(pid);
    return sum;
  }
};

// From tracing_on to tracing_off.
std::vector<Cost> measure(std::vector<Subject>& subjects, const Setting& setting) {
  std::vector<Counted> counted_before;
  std::vector<double> cpu_before;
  for (const Subject& subject : subjects) {
    counted_before.push_back(count(subject.array));
    cpu_before.push_back(subject.cpu_seconds());
  }
  for (Subject& subject : subjects)
    subject.array.set_tracing_on(true);
  make_system_calls(setting.seconds);
  for (Subject& subject : subjects)
    subject.array.set_tracing_on(false);
  std::vector<Cost> costs;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    wait_until_read(subjects[i].array);
    if (subjects[i].array.tracing_on())
      throw std::runtime_error("somebody switched tracing on again");
    const Counted counted = count(subjects[i].array);
    costs.push_back({subjects[i].cpu_seconds() - cpu_before[i], counted.read - counted_before[i].read,
                     counted.lost - counted_before[i].lost});
  }
  return costs;
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
  fathom::PageFiles files(setting.folder + "/cpu");
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

class Ours {
 public:
  Ours(const fathom::TraceFs& tracefs, const Setting& setting) : instance_(tracefs.instance()) {
    instance_.set_tracing_on(false);
    fathom::TraceEvents(instance_).enable("raw_syscalls");
    std::array<int, 2> orders{};
    std::array<int, 2> answers{};
    if (::pipe2(orders.data(), O_CLOEXEC) != 0 || ::pipe2(answers.data(), O_CLOEXEC) != 0)
      throw Error(errno, "make a pipe");
    const fathom::UniqueFd order(orders[0]);
    fathom::UniqueFd answer(answers[1]);
    orders_.reset(orders[1]);
    const fathom::UniqueFd answers_here(answers[0]);
    child_ = ::fork();
    if (child_ == 0)
      ::_exit(run(setting, order.get(), answer.get()));
    answer.reset();
    char ready = 0;
    if (::read(answers_here.get(), &ready, 1) != 1)
      throw std::runtime_error("our recorder does not record");
  }
  ~Ours() {
    orders_.reset();
    ::waitpid(child_, nullptr, 0);
  }
  Ours(const Ours&) = delete;
  Ours& operator=(const Ours&) = delete;

  [[nodiscard]] Subject subject() const { return {TraceArray(instance_.files(), instance_.prefix()), {child_}}; }
  // Throws if it did not go well.
  void finish() {
    orders_.reset();
    int status = 0;
    if (::waitpid(child_, &status, 0) == child_ && status != 0)
      throw std::runtime_error("our recorder failed");
  }

 private:
  [[nodiscard]] int run(const Setting& setting, int orders, int answers) {
    orders_.reset();
    try {
      return record(instance_, setting, orders, answers);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      return 1;
    }
  }

  fathom::TraceInstance instance_;
  fathom::UniqueFd orders_;
  pid_t child_ = -1;
};

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

// trace-cmd empties function filters in any case, and fails where a locked-down kernel lets nobody open them: an
// ordinary file in their places, in this mount namespace, while the object lives.
class CoveredFilters {
 public:
  // By a file of this name.
  CoveredFilters(const TraceArray& array, const std::string& cover) {
    std::ofstream(cover).flush();
    const TraceArray top(array.files(), "");
    for (const TraceArray* const of : {&array, &top}) {
      for (const char* const name : {"set_ftrace_filter", "set_ftrace_notrace", "set_ftrace_pid",
                                     "set_ftrace_notrace_pid", "set_graph_function", "set_graph_notrace"}) {
        const std::string path = array.files()->full_path(of->path(name));
        const fathom::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file && errno == EPERM && ::mount(cover.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0)
          covered_.push_back(path);
      }
    }
  }
  ~CoveredFilters() {
    for (const std::string& path : covered_)
      ::umount(path.c_str());
  }
  CoveredFilters(const CoveredFilters&) = delete;
  CoveredFilters& operator=(const CoveredFilters&) = delete;

 private:
  std::vector<std::string> covered_;
};

// Its recorders are children of it, and so is the command that it waits for.
class Theirs {
 public:
  Theirs(const fathom::TraceFs& tracefs, const Setting& setting)
      : instance_(quiet(tracefs.instance())),
        covered_(instance_, setting.folder + "/empty"),
        output_(setting.folder + "/trace.dat"),
        child_(start(instance_.name(), output_, setting)) {
    // The last thing that it sets up.
    for (int i = 0; i < 200 && (!instance_.tracing_on() || children_of(child_, "sleep").empty()); ++i)
      std::this_thread::sleep_for(50ms);
    recorders_ = children_of(child_, "trace-cmd");
    instance_.set_tracing_on(false);
    wait_until_read(instance_);
  }
  ~Theirs() {
    const std::vector<pid_t> command = children_of(child_, "sleep");
    ::kill(command.empty() ? child_ : command.front(), SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
  Theirs(const Theirs&) = delete;
  Theirs& operator=(const Theirs&) = delete;

  [[nodiscard]] Subject subject() const {
    if (recorders_.empty())
      throw std::runtime_error("trace-cmd does not record");
    return {TraceArray(instance_.files(), instance_.prefix()), recorders_};
  }

 private:
  static pid_t start(const std::string& name, const std::string& output, const Setting& setting) {
    const std::string size = std::to_string(setting.buffer_kb);
    const fathom::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null)
      throw Error(errno, "open", "/dev/null");
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(null.get(), STDOUT_FILENO);
      ::dup2(null.get(), STDERR_FILENO);
      ::execlp("trace-cmd", "trace-cmd", "record", "-q", "-d", "-B", name.c_str(), "-e", "raw_syscalls", "-b",
               size.c_str(), "-o", output.c_str(), "sleep", "1000", nullptr);
      ::_exit(127);
    }
    return child;
  }
  static fathom::TraceInstance quiet(fathom::TraceInstance instance) {
    instance.set_tracing_on(false);
    return instance;
  }

  fathom::TraceInstance instance_;
  CoveredFilters covered_;
  std::string output_;
  pid_t child_;
  std::vector<pid_t> recorders_;
};

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
    std::vector<Cost> costs;
    {
      const Theirs other(tracefs, setting);
      Ours own(tracefs, setting);
      std::vector<Subject> subjects{own.subject(), other.subject()};
      // Who is switched on first changes from run to run.
      if (run % 2 != 0)
        std::swap(subjects[0], subjects[1]);
      costs = measure(subjects, setting);
      if (run % 2 != 0)
        std::swap(costs[0], costs[1]);
      own.finish();
    }
    const Cost& mine = costs[0];
    const Cost& other = costs[1];
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
    const Folder folder;
    Setting setting{.folder = folder.path()};
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
