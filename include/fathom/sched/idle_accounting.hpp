#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/events.hpp>
#include <fathom/event/sched_events.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace fathom {

/// How much an IdleAccounting keeps.
struct IdleAccountingOptions {
  /// Stretches of time in which nothing changed, for each CPU; each takes 16 bytes. A switch begins one, an interrupt
  /// two. Beyond that the oldest are forgotten, and a window that reaches back to them is incomplete.
  std::size_t spans_per_cpu = 1U << 18U;
  std::size_t names = 1U << 16U;  ///< tasks whose names are kept, some 100 bytes each; the others stay numbers
};

/// What one task took of a CPU.
struct TaskTime {
  std::int32_t pid = 0;  ///< a thread's id
  std::string comm;      ///< its last name; empty if none was seen
  Duration time{0};      ///< interrupts not counted
};

/// How long a CPU was in one of the states of its cpuidle driver.
struct IdleStateTime {
  std::uint32_t state = 0;    ///< its number, as the driver counts: see CpuIdleStates
  Duration time{0};           ///< interrupts not counted
  std::uint64_t entries = 0;  ///< times that it was entered, in the window
};

/// What one CPU did in a window of time. Its parts add up to the window:
/// idle + busy + interrupts_in_idle + interrupts_in_busy + offline + unknown == to - from.
struct CpuIdleTime {
  std::uint32_t cpu = 0;           ///< which one
  Timestamp from{};                ///< the window
  Timestamp to{};                  ///< its end
  Duration idle{0};                ///< swapper ran, and no interrupt
  Duration busy{0};                ///< a task ran, and no interrupt
  Duration interrupts_in_idle{0};  ///< handlers, hard and soft, that interrupted swapper: idle to who looks at switches
  Duration interrupts_in_busy{0};  ///< those that interrupted a task
  Duration hard_interrupts{0};     ///< of both, the hard ones
  Duration offline{0};             ///< the CPU was down, from its last event before that to its first after it
  Duration unknown{0};             ///< not recorded, lost, or forgotten
  bool has_interrupts = false;     ///< interrupts of this CPU were fed at all: if not, they are in idle and busy
  std::uint64_t idle_periods = 0;  ///< times that swapper came, in the window
  std::vector<TaskTime> tasks{};   ///< who kept it busy, longest first
  std::vector<IdleStateTime> states{};  ///< what it did while idle, by number; empty where no cpu_idle was fed

  /// Whether it is known what the CPU did, all the time.
  [[nodiscard]] bool complete() const noexcept { return unknown == Duration::zero(); }
  /// Swapper's time with the interrupts in it: what /proc/stat counts as idle, iowait, irq and softirq of an idle CPU.
  [[nodiscard]] Duration swapper() const noexcept { return idle + interrupts_in_idle; }
};

/// What became of the events.
struct IdleAccountingStats {
  std::uint64_t events = 0;        ///< taken in
  std::uint64_t out_of_order = 0;  ///< earlier than the CPU's last one: not used, and the CPU unknown until the next
  /// Another task than the one that had come: something before was not recorded. Also where a CPU came back before it
  /// was told that it had been down.
  std::uint64_t contradictions = 0;
  std::uint64_t unmatched = 0;     ///< ends of interrupts that had not begun: not used
  std::uint64_t refused_cpus = 0;  ///< of a CPU number that no kernel has (above 65,535): not used
  std::uint64_t losses = 0;        ///< places where events were lost
  std::uint64_t forgotten = 0;     ///< spans beyond IdleAccountingOptions::spans_per_cpu
};

/// Which CPU was idle, and if not, why not: over any window of what was recorded.
///
///     IdleAccounting idle;
///     IdleFromRecords records(formats, idle);            // or IdleFromText, or events from elsewhere
///     merger.drain(records);  records.finish();
///     for (const std::uint32_t cpu : idle.cpus()) {
///       const CpuIdleTime time = idle.window(cpu, idle.begin(), idle.end());
///       std::cout << cpu << ": " << time.idle.count() << " ns idle, most of all "
///                 << (time.tasks.empty() ? "nobody" : time.tasks[0].comm) << '\n';
///     }
///
/// A CPU is idle while its swapper runs: pid 0, one on each CPU, so time is kept by CPU and never by pid. (TASK_IDLE is
/// no idle CPU: see TaskState.) Each CPU's events come in the order of time; CPUs may come one after another. Who ran
/// before a CPU's first event is told by that event, if nothing was lost before it. Where the kernel lost events, or an
/// event contradicts the one before, the time since the last sure event is `unknown`: nothing is guessed. CPUs that had
/// no event at all are not known. A CPU that goes down switches to its thread `migration/N` last, and its own switch
/// back is no event any more: without a CpuAbsence that thread would seem to run until the CPU is back, or the record
/// ends.
///
/// Interrupts are shown apart where they were recorded (see CpuIdleTime::has_interrupts). Steal cannot be seen by the
/// guest's events: it is in whatever was interrupted; nor can iowait, which is /proc/stat's split of idle: see
/// parse_proc_stat().
///
/// Memory: see IdleAccountingOptions. Takes amortised constant time an event; a window takes time for what it spans.
/// Not safe to share between threads while one feeds.
class IdleAccounting {
 public:
  /// Keeps so much.
  explicit IdleAccounting(const IdleAccountingOptions& options = {}) : options_(options) {}

  /// Takes an event.
  void on(const SchedSwitch& event);
  /// The same.
  void on(const InterruptMark& event);
  /// The same.
  void on(const CpuIdleMark& event);
  /// The same.
  void on(const TaskSighting& event);
  /// The CPU was down at that time, and so from its last event before it to its first after it, if nothing was lost
  /// there. In any order, also with the events of that CPU.
  void on(const CpuAbsence& event);
  /// What this CPU did since its last event is unknown, up to the next one. Of a loss without a CPU, all of them.
  void on(const Loss& event);

  /// All events from here on were recorded. Without it a CPU is known from its first event on.
  void recorded_from(Timestamp time) noexcept { from_ = time; }
  /// All events up to here were recorded: what was, still is. Without it a CPU is known up to its last event.
  void recorded_to(Timestamp time) noexcept { to_ = time; }

  /// Both: everything was recorded, on all CPUs, from the first event of any of them up to the last.
  void recorded_throughout() noexcept;

  /// The CPUs that had events, ascending.
  [[nodiscard]] std::vector<std::uint32_t> cpus() const;
  /// When the record begins: as told, else the first event. The epoch if there is none.
  [[nodiscard]] Timestamp begin() const noexcept;
  /// When it ends: as told, else the last event.
  [[nodiscard]] Timestamp end() const noexcept;
  /// What a CPU did from one time to another; all unknown for one that had no events. `to` is not before `from`; a
  /// window longer than a Duration (292 years, which only broken times make) ends where that does, and says so.
  [[nodiscard]] CpuIdleTime window(std::uint32_t cpu, Timestamp from, Timestamp to) const;

  /// How many stretches are kept of a CPU: never more than IdleAccountingOptions::spans_per_cpu.
  [[nodiscard]] std::size_t spans(std::uint32_t cpu) const noexcept;
  /// What became of the events.
  [[nodiscard]] const IdleAccountingStats& stats() const noexcept { return stats_; }

 private:
  enum class Context : std::uint8_t { none, soft, hard };
  enum class Known : std::uint8_t {
    no,    // nobody said who ran
    yes,   // somebody did
    lost,  // that may have been said, and was not recorded or is forgotten
  };
  static constexpr std::uint16_t kAwake = 0xffff;

  // What a CPU did, from `start` to the start of the next.
  struct Span {
    std::uint64_t start = 0;
    std::int32_t pid = 0;
    std::uint16_t idle_state = kAwake;
    Context context = Context::none;
    Known known = Known::no;
  };
  struct Cpu {
    std::deque<Span> spans;
    std::deque<std::uint64_t> absent;  // times at which it was down, ascending
    Span before;                       // what was before the first of them
    Span now;                          // what is since the last event
    std::uint64_t last = 0;            // time of the last event
    std::uint64_t confirmed = 0;       // time of the last one that told who ran
    std::uint32_t hard = 0;            // handlers that are under way
    std::uint32_t soft = 0;
    bool has_interrupts = false;
    bool seen = false;  // has had an event
    bool lost = false;  // since then something was lost
  };
  struct Sum;

  static constexpr std::uint32_t kMaxCpu = 65'535;

  Cpu* take(std::uint32_t cpu, Timestamp time);
  [[nodiscard]] static bool was_down(const Cpu& cpu, std::uint64_t from, std::uint64_t to) noexcept;
  void tell(Cpu& cpu, Timestamp time, const Span& before);
  void push(Cpu& cpu, Timestamp time);
  void trim(Cpu& cpu);
  void forget_since(Cpu& cpu, std::uint64_t time, Known as);
  void lose(Cpu& cpu);
  void name(const Task& task);

  IdleAccountingOptions options_;
  std::map<std::uint32_t, Cpu> cpus_;
  std::unordered_map<std::int32_t, std::string> names_;
  std::optional<Timestamp> from_;
  std::optional<Timestamp> to_;
  IdleAccountingStats stats_;
};

}  // namespace fathom
