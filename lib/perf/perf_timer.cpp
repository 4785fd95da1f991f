#include "base/alive.hpp"
#include "base/monotonic_now.hpp"
#include "event_program.hpp"
#include "timer_event.hpp"
#include "timer_events.hpp"
#include "timer_period.hpp"
#include "wait_descriptor.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/owning_process.hpp>
#include <fathom/perf/perf_timer.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

namespace fathom {

namespace {

using perf::EventProgram;
using perf::kLookEvery;
using perf::Slots;
using perf::TimerEvents;

constexpr const char* kElsewhere = "the program runs elsewhere too, and so not all its runs are this timer's";

}  // namespace

struct PerfTimer::State {
  State(Handle handle, PerfTimerOptions wanted)
      : options(std::move(wanted)),
        period(perf::timer_period(options.rate, options.proc)),
        run_count(std::move(handle.run_count)) {
    if (run_count) {
      program.emplace(handle.program);
      counter = options.counter ? TickCounter::own : options.count_runs ? TickCounter::run_count : TickCounter::nobody;
    }
    open();
    if (options.start)
      begin();
  }
  ~State() {
    // The events are one with those of a forked child's copy, which leaves them as they are.
    if (!owner.is_current())
      return;
    try {
      stop();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it is stopped, only its count is not known
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void open() {
    events.emplace(TimerEvents::Use{
        .options = options, .period = period, .program = program ? &*program : nullptr, .descriptor = descriptor});
    if (counter == TickCounter::run_count && events->program_has_other_links())
      throw Error(std::errc::device_or_resource_busy, "make a timer of the program", {}, kElsewhere);
  }

  void begin() {
    UniqueFd kept = counter == TickCounter::run_count ? perf::keep_run_statistics() : UniqueFd();
    skipped = 0;
    delivered = 0;
    base = 0;
    base = count();
    last = {};
    limit = perf::read_max_sample_rate(options.proc);
    statistics = std::move(kept);
    events->enable();
    running = true;
    look_again();
  }

  void start() {
    if (running)
      return;
    if (!owner.is_current())
      throw Error(std::errc::operation_not_permitted, "start a timer", {}, "it was made by the process that forked");
    const TickCounter counted_by = counter;
    if (counter == TickCounter::nobody && program && options.count_runs)
      counter = TickCounter::run_count;  // it may have ended elsewhere
    try {
      if (!events)
        open();
      begin();
    } catch (...) {
      // As stop() left it: what stayed open would keep the program from other timers, and from the next check.
      leave();
      counter = counted_by;
      throw;
    }
  }

  void stop() {
    if (!running)
      return;
    running = false;
    if (owner.is_current()) {
      events->disable();
      descriptor.look_never();
      take();
    }
    // Whatever of it throws: it is stopped.
    const std::optional<TimerEvents> stopped = leave();
    const UniqueFd kept = std::move(statistics);
    find_others(*stopped);
    if (counter == TickCounter::nobody)
      return;
    const std::uint64_t runs = count();
    const std::uint64_t begun = stopped->slots().begun;
    check_runs(runs, begun, *stopped);
    last = {.expected = std::max(begun, runs), .delivered = runs, .skipped = begun > runs ? begun - runs : 0};
  }

  // The events, which nobody waits for any more.
  std::optional<TimerEvents> leave() {
    if (events && owner.is_current())
      events->leave();
    return std::exchange(events, std::nullopt);
  }

  // How often it ticked since it was started.
  [[nodiscard]] std::uint64_t count() const {
    switch (counter.load()) {
      case TickCounter::run_count:
        return run_count() - base;
      case TickCounter::own:
        return options.counter() - base;
      case TickCounter::samples:
        return delivered;
      case TickCounter::nobody:
        break;
    }
    return 0;
  }

  void find_others(const TimerEvents& of) {
    if (counter == TickCounter::run_count && of.program_has_other_links())
      counter = TickCounter::nobody;
  }
  // More runs than there were slots are those of somebody who is on no list. A thread's clock is less exact.
  void check_runs(std::uint64_t runs, std::uint64_t begun, const TimerEvents& of) {
    if (counter == TickCounter::run_count && of.on_cpus() && runs > begun + of.count())
      counter = TickCounter::nobody;
  }

  [[nodiscard]] TimerTicks ticks() {
    if (running)
      find_others(*events);
    if (running && counter != TickCounter::nobody) {
      // Else what was drained was not taken, and is not to be more.
      const bool room = pending.size() * sizeof(PerfTick) <= events->ring_bytes();
      if (room)
        take();
      // The slots first: a tick of one that is over is counted then, however long that takes.
      const Slots slots = events->slots();
      const std::uint64_t runs = count();
      if (runs > slots.begun)
        check_runs(runs, events->slots().begun, *events);
      // Never less than before: what is over is over, though a tick in a slot that is not may hide it.
      if (room && slots.over > runs)
        skipped = std::max(skipped, slots.over - runs);
      last = {.expected = std::max(slots.begun, runs + skipped), .delivered = runs, .skipped = skipped};
    }
    if (counter == TickCounter::nobody)
      throw Error(std::errc::no_message_available, "count the ticks of a timer", {},
                  options.count_runs ? kElsewhere : "PerfTimerOptions::count_runs is off, and there is no counter");
    return last;
  }

  // What is in the rings, which only the process that mapped them has.
  void take() {
    if (events && owner.is_current())
      take_own();
  }

  void take_own() {
    const std::size_t before = pending.size();
    events->drain(pending, stats, found);
    delivered += pending.size() - before;
  }

  TimerBatch drain() {
    const bool is_ours = owner.is_current();  // costs a system call
    if (events && is_ours)
      take_own();
    if (running && is_ours) {
      if (monotonic_now() >= next_look)
        look();
      if (pending.empty() && found.lost == 0 && found.changes.empty())
        look_closer();
    }
    std::swap(pending, given);
    pending.clear();
    TimerEvents::Found told = std::exchange(found, {});
    return {.ticks = given, .lost = told.lost, .changes = std::move(told.changes)};
  }

  void look() {
    events->follow_cpus(found);
    const auto now = perf::read_max_sample_rate(options.proc);
    if (now && now != std::exchange(limit, now) && perf::is_above(period, *now))
      found.changes.push_back({.what = TimerChange::What::limit_lowered, .limit = now});
    take();
    look_again();
  }

  // The descriptor was readable, and nothing was found: something has ended, if it was.
  void look_closer() {
    if (events->leave_ended(found))
      look();
    take();
  }

  void look_again() {
    next_look = monotonic_now() + kLookEvery;
    descriptor.look_at(next_look);
  }

  std::mutex mutex;
  OwningProcess owner;
  PerfTimerOptions options;
  Duration period;
  std::function<std::uint64_t()> run_count;
  std::optional<EventProgram> program;
  std::atomic<TickCounter> counter = TickCounter::samples;
  std::atomic<bool> running = false;
  perf::WaitDescriptor descriptor;
  UniqueFd statistics;
  std::optional<TimerEvents> events;  // from the making, or a start, to the next stop
  std::uint64_t base = 0;             // what the counter was at the start
  std::uint64_t delivered = 0;        // ticks out of rings
  std::uint64_t skipped = 0;          // at least
  TimerTicks last;
  std::vector<PerfTick> pending;  // for the next drain()
  std::vector<PerfTick> given;    // by the last one
  TimerEvents::Found found;       // for the next drain()
  ParseStats stats;
  Timestamp next_look{};
  std::optional<std::uint64_t> limit;  // ticks a second that the kernel allowed at the last look
};

PerfTimer::PerfTimer(Handle program, const PerfTimerOptions& options)
    : state_(std::make_unique<State>(std::move(program), options)) {}
PerfTimer::PerfTimer(const PerfTimerOptions& options) : PerfTimer(Handle{}, options) {}
PerfTimer::PerfTimer(PerfTimer&& other) noexcept = default;
PerfTimer& PerfTimer::operator=(PerfTimer&& other) noexcept = default;
PerfTimer::~PerfTimer() = default;

PerfTimer::State& PerfTimer::state() const {
  return alive(state_);
}

Duration PerfTimer::period() const noexcept {
  return state_ ? state_->period : Duration();
}

bool PerfTimer::running() const noexcept {
  return state_ && state_->running;
}

void PerfTimer::start() {
  State& timer = state();
  const std::scoped_lock lock(timer.mutex);
  timer.start();
}

void PerfTimer::stop() {
  if (!state_)
    return;
  const std::scoped_lock lock(state_->mutex);
  state_->stop();
}

TimerTicks PerfTimer::ticks() const {
  State& timer = state();
  const std::scoped_lock lock(timer.mutex);
  return timer.ticks();
}

TickCounter PerfTimer::counter() const noexcept {
  return state_ ? state_->counter.load() : TickCounter::nobody;
}

int PerfTimer::native_handle() const noexcept {
  return state_ ? state_->descriptor.native_handle() : -1;
}

bool PerfTimer::wait(Duration timeout) const {
  return state().descriptor.wait(timeout);  // not under the lock: others may drain and stop meanwhile
}

TimerBatch PerfTimer::drain() {
  if (!state_)
    return {};
  const std::scoped_lock lock(state_->mutex);
  return state_->drain();
}

std::vector<PerfTimer::Grid> PerfTimer::grids() const {
  const State& timer = state();
  const std::scoped_lock lock(state_->mutex);
  return timer.events ? timer.events->grids() : std::vector<Grid>();
}

ParseStats PerfTimer::stats() const {
  const State& timer = state();
  const std::scoped_lock lock(state_->mutex);
  return timer.stats;
}

}  // namespace fathom
