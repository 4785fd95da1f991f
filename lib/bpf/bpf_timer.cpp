#include "error_cause.hpp"

#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_timer.hpp>
#include <fathom/bpf/record_check.hpp>
#include <fathom/bpf/record_layout.hpp>
#include <fathom/bpf/syscall_program.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

namespace {

// The structs of bpf/timer.bpf.h by the same names; an object is compared with them when a timer is made.
struct fathom_timer {  // NOLINT(readability-identifier-naming)
  std::array<std::uint64_t, 2> timer;
  std::uint64_t start;
  std::uint64_t period;
  std::uint64_t next;
  std::uint64_t delivered;
  std::uint64_t skipped;
  std::uint64_t stopped;
  std::uint32_t running;
  std::uint32_t flags;
};
FATHOM_RECORD(fathom_timer, timer, start, period, next, delivered, skipped, stopped, running, flags);

struct fathom_timer_request {  // NOLINT(readability-identifier-naming)
  std::uint64_t period;
  std::uint32_t stop;
  std::uint32_t pin;
};
FATHOM_RECORD(fathom_timer_request, period, stop, pin);

// Shorter ones take more time than they leave, and perf events have the same bound in the kernel.
constexpr Duration kShortest = std::chrono::microseconds(10);
// The kernel's clock is signed: far beyond this, and a due time would be in the past.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

BpfError failure(const SyscallProgram& control, const std::string& timer, const char* operation, int errno_value,
                 std::string hint = {}) {
  const BpfCause cause = bpf::cause_of(errno_value, false);
  if (hint.empty() && cause == BpfCause::denied)
    hint = bpf::denied_hint();
  return BpfError({.errno_value = errno_value,
                   .operation = operation,
                   .object = control.object_name(),
                   .name = timer,
                   .cause = cause,
                   .hint = std::move(hint)});
}

// The calling thread is on this CPU as long as this lives, and then where it was allowed to be before.
class OnCpu {
 public:
  explicit OnCpu(unsigned cpu) : before_(kWords) {
    Mask there(kWords);
    if (cpu / kBits < kWords)
      there[cpu / kBits] = 1UL << (cpu % kBits);
    if (::syscall(SYS_sched_getaffinity, 0, bytes(), before_.data()) < 0 ||
        ::syscall(SYS_sched_setaffinity, 0, bytes(), there.data()) < 0)
      error_ = errno;
  }
  ~OnCpu() {
    if (error_ == 0)
      ::syscall(SYS_sched_setaffinity, 0, bytes(), before_.data());
  }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;

  // 0, or why it is not there.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  using Mask = std::vector<unsigned long>;
  static constexpr std::size_t kBits = sizeof(unsigned long) * CHAR_BIT;
  static constexpr std::size_t kWords = 65'536 / kBits;  // more CPUs than any kernel has
  static constexpr std::size_t bytes() { return kWords * sizeof(unsigned long); }

  Mask before_;
  int error_ = 0;
};

// bpf_ktime_get_ns() in this process: steady_clock is CLOCK_MONOTONIC.
std::uint64_t monotonic_now() {
  const Duration now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(now.count());
}

}  // namespace

struct BpfTimer::State {
  State(const LoadedBpf& bpf, std::string_view timer_name, const BpfTimerOptions& asked)
      : name(timer_name),
        options(asked),
        value(bpf.map<ArrayMap<fathom_timer>>(timer_name)),
        control(bpf.program<SyscallProgram>(name + "_control")) {
    detail::check_record(bpf.record("fathom_timer_request"), detail::cpp_record<fathom_timer_request>(), "use",
                         bpf.name(), name);
    if (options.period < kShortest || options.period > kLongest)
      throw failure(
          control, name, "make the timer", EINVAL,
          "a period of " + std::to_string(options.period.count()) + " ns is not between 10 microseconds and 365 days");
  }
  ~State() {
    try {
      stop();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the kernel ends it with the last descriptor
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // 0 or an errno.
  [[nodiscard]] int ask(bool to_stop) const {
    fathom_timer_request request{.period = static_cast<std::uint64_t>(options.period.count()),
                                 .stop = to_stop ? 1U : 0U,
                                 .pin = options.cpu ? 1U : 0U};
    return -static_cast<int>(control.run(request));
  }

  void start() {
    const int error = options.cpu ? start_on(*options.cpu) : ask(false);
    if (error == EBUSY)
      throw failure(control, name, "start the timer", error, "another BpfTimer runs it");
    if (error == EOPNOTSUPP && options.cpu)
      throw failure(control, name, "start the timer", error,
                    "this kernel cannot pin a bpf_timer to a CPU: BPF_F_TIMER_CPU_PIN came with Linux 6.7");
    if (error != 0)
      throw failure(control, name, "start the timer", error);
    running = true;
  }

  // The kernel pins the timer to the CPU that asks.
  [[nodiscard]] int start_on(unsigned cpu) const {
    const OnCpu there(cpu);
    if (there.error() != 0)
      throw BpfError({.errno_value = there.error(),
                      .operation = "start the timer",
                      .object = control.object_name(),
                      .name = name,
                      .target = "CPU " + std::to_string(cpu),
                      .cause = BpfCause::bad_attach_target,
                      .hint = "it is offline, not there, or not among the CPUs that this process may run on"});
    return ask(false);
  }

  void stop() {
    if (!running)
      return;
    const int error = ask(true);
    if (error != 0)
      throw failure(control, name, "stop the timer", error);
    running = false;
  }

  std::string name;
  BpfTimerOptions options;
  ArrayMap<fathom_timer> value;
  SyscallProgram control;
  bool running = false;
};

BpfTimer::BpfTimer(const LoadedBpf& bpf, std::string_view name, const BpfTimerOptions& options)
    : state_(std::make_unique<State>(bpf, name, options)) {}
BpfTimer::BpfTimer(BpfTimer&& other) noexcept = default;
BpfTimer& BpfTimer::operator=(BpfTimer&& other) noexcept = default;
BpfTimer::~BpfTimer() = default;

const std::string& BpfTimer::name() const noexcept {
  return state_->name;
}

Duration BpfTimer::period() const noexcept {
  return state_->options.period;
}

bool BpfTimer::running() const noexcept {
  return state_->running;
}

void BpfTimer::start() {
  if (!running())
    state_->start();
}

void BpfTimer::stop() {
  state_->stop();
}

TimerTicks BpfTimer::ticks() const {
  const fathom_timer timer = state_->value.find(0).value();
  if (timer.period == 0)
    return {};
  // After the counters: what they count has begun by then.
  const std::uint64_t until = timer.stopped != 0 ? timer.stopped : monotonic_now();
  return {.expected = (until - timer.start) / timer.period, .delivered = timer.delivered, .skipped = timer.skipped};
}

}  // namespace fathom
