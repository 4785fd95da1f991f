#include "error_cause.hpp"
#include "object_file.hpp"

#include <fathom/base/owning_process.hpp>
#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_timer.hpp>
#include <fathom/bpf/record_check.hpp>
#include <fathom/bpf/record_layout.hpp>
#include <fathom/bpf/syscall_program.hpp>

#include <bpf/bpf.h>
#include <linux/bpf.h>
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
  std::uint64_t now;
  std::uint32_t what;
  std::uint32_t pin;
};
FATHOM_RECORD(fathom_timer_request, period, now, what, pin);

enum class Request : std::uint32_t { start = 1, stop = 2, tell_now = 3 };

// Shorter ones take more time than they leave, and perf events have the same bound in the kernel.
constexpr Duration kShortest = std::chrono::microseconds(10);
// The kernel's clock is signed: far beyond this, and a due time would be in the past.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

BpfError failure(const SyscallProgram& control, const std::string& timer, const char* operation, int errno_value,
                 std::string hint = {}) {
  const BpfCause cause = bpf::cause_of(errno_value, false);
  if (hint.empty() && cause == BpfCause::denied)
    hint = bpf::denied_hint(bpf::Right::bpf);
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

// Maps that hold a timer always do: the kernel finds the timer by it.
bool has_types(const BpfMap& map) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return ::bpf_obj_get_info_by_fd(map.native_handle(), &info, &size) == 0 && info.btf_value_type_id != 0;
}

// A map of FATHOM_TIMER that another process made.
ArrayMap<fathom_timer> pinned_timer(const std::string& path) {
  const BpfMap map = BpfMap::open_pinned(path);
  if (map.type() != BpfMapType::array || map.value_size() != sizeof(fathom_timer) || map.max_entries() != 1 ||
      !has_types(map))
    throw bpf::bad_object(EINVAL, "stop the timer", {}, path, "it is no map of FATHOM_TIMER");
  return ArrayMap<fathom_timer>(map);
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
    // It is the kernel's, and so not the copy's of a forked child.
    if (!owner.is_current())
      return;
    try {
      stop();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the kernel ends it with the last descriptor
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // 0 or an errno.
  [[nodiscard]] int ask(fathom_timer_request& request) const { return -static_cast<int>(control.run(request)); }

  [[nodiscard]] int ask_to_start() const {
    fathom_timer_request request{.period = static_cast<std::uint64_t>(options.period.count()),
                                 .now = 0,
                                 .what = static_cast<std::uint32_t>(Request::start),
                                 .pin = options.cpu ? 1U : 0U};
    return ask(request);
  }

  // The clock by which the timer ticks: that of this process has an offset in a time namespace.
  [[nodiscard]] std::uint64_t now() const {
    fathom_timer_request request{
        .period = 0, .now = 0, .what = static_cast<std::uint32_t>(Request::tell_now), .pin = 0};
    if (const int error = ask(request); error != 0)
      throw failure(control, name, "ask for the time of", error);
    return request.now;
  }

  void start() {
    const int error = options.cpu ? start_on(*options.cpu) : ask_to_start();
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
    return ask_to_start();
  }

  void stop() {
    if (!running)
      return;
    fathom_timer_request request{.period = 0, .now = 0, .what = static_cast<std::uint32_t>(Request::stop), .pin = 0};
    if (const int error = ask(request); error != 0)
      throw failure(control, name, "stop the timer", error);
    running = false;
  }

  OwningProcess owner;
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

BpfTimer::State& BpfTimer::state() const {
  if (!state_)
    throw bpf::failed(EBADF, "use", {}, "a timer that was moved from");
  return *state_;
}

const std::string& BpfTimer::name() const noexcept {
  static const std::string none;
  return state_ ? state_->name : none;
}

Duration BpfTimer::period() const noexcept {
  return state_ ? state_->options.period : Duration();
}

bool BpfTimer::running() const noexcept {
  return state_ && state_->running;
}

void BpfTimer::start() {
  if (!running())
    state().start();
}

void BpfTimer::stop() {
  if (state_)
    state_->stop();
}

bool BpfTimer::stop_pinned(const std::string& path) {
  const ArrayMap<fathom_timer> map = pinned_timer(path);
  const bool runs = map.find(0).value().running != 0;
  // What the kernel has of a timer in a value it cancels and frees when user space writes the value.
  map.update(0, fathom_timer{});
  return runs;
}

TimerTicks BpfTimer::ticks() const {
  const fathom_timer timer = state().value.find(0).value();
  if (timer.period == 0)
    return {};
  // After the counters: what they count has begun by then.
  const std::uint64_t until = timer.stopped != 0 ? timer.stopped : state_->now();
  return {.expected = (until - timer.start) / timer.period, .delivered = timer.delivered, .skipped = timer.skipped};
}

}  // namespace fathom
