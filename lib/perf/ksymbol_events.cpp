#include "deaf_cpus.hpp"
#include "ksymbol_cpu.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/perf/ksymbol_events.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

namespace fathom {

namespace {

// Two clocks are read one after the other.
constexpr std::chrono::milliseconds kClockJitter{100};

std::chrono::nanoseconds clock_now(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// How long the system slept since it was booted.
std::chrono::nanoseconds time_suspended() {
  return clock_now(CLOCK_BOOTTIME) - clock_now(CLOCK_MONOTONIC);
}

}  // namespace

struct KsymbolEvents::State {
  explicit State(KsymbolOptions wanted);

  [[nodiscard]] CpuSet watched() const;
  // Takes out those of CPUs that are down, and where that is due those that hear their CPU no longer; joins those of
  // `online` that are not watched.
  void follow(const CpuSet& online, KsymbolBatch& batch);
  void join(unsigned cpu);
  // As a loss in `batch`, whether it works or not.
  void join_late(unsigned cpu, KsymbolBatch& batch);

  KsymbolOptions options;
  UniqueFd epoll;
  std::vector<perf::KsymbolCpu> cpus;
  bool recheck = false;
  std::chrono::nanoseconds suspended = time_suspended();  // what it was at the last look
  ParseStats stats;
};

namespace {

bool is_offline(const Error& error) {
  return error.code() == std::errc::no_such_device;
}

// Nothing where /sys cannot be read any more, though it could before.
std::optional<CpuSet> online_now(const std::string& sys) {
  try {
    return CpuSet::online(sys);
  } catch (const Error&) {
    return std::nullopt;
  }
}

CpuSet deaf(const std::vector<perf::KsymbolCpu>& cpus) {
  std::vector<perf::ListeningCpu> asked;
  asked.reserve(cpus.size());
  for (const perf::KsymbolCpu& cpu : cpus)
    asked.push_back({.cpu = cpu.cpu(), .time_enabled = [&cpu] { return cpu.time_enabled(); }});
  return perf::deaf_cpus(std::move(asked));
}

}  // namespace

KsymbolEvents::State::State(KsymbolOptions wanted) : options(std::move(wanted)), epoll(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll)
    throw Error(errno, "create an epoll descriptor");
  for (const unsigned cpu : CpuSet::online(options.sys).cpus()) {
    try {
      join(cpu);
    } catch (const Error& error) {
      if (!is_offline(error))  // it went down just now
        throw;
    }
  }
}

CpuSet KsymbolEvents::State::watched() const {
  CpuSet set;
  for (const perf::KsymbolCpu& cpu : cpus)
    set.insert(cpu.cpu());
  return set;
}

void KsymbolEvents::State::join(unsigned cpu) {
  perf::KsymbolCpu joined(cpu, options);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = cpu;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, joined.fd(), &event) != 0)
    throw Error(errno, "wait for the event of kernel symbols");
  cpus.push_back(std::move(joined));
}

void KsymbolEvents::State::join_late(unsigned cpu, KsymbolBatch& batch) {
  KsymbolLoss loss{.cpu = cpu, .reason = KsymbolLoss::Reason::cpu_came, .events = std::nullopt};
  try {
    join(cpu);
  } catch (const Error& error) {
    if (is_offline(error))
      return;
    loss.reason = KsymbolLoss::Reason::cpu_unwatched;
  }
  batch.losses.push_back(loss);
  stats.losses += 1;
}

void KsymbolEvents::State::follow(const CpuSet& online, KsymbolBatch& batch) {
  // On the way to sleep all CPUs but one go down, and come back without a uevent.
  const std::chrono::nanoseconds suspended_before = std::exchange(suspended, time_suspended());
  const bool ask = std::exchange(recheck, false) || suspended - suspended_before > kClockJitter;
  std::erase_if(cpus, [&](const perf::KsymbolCpu& cpu) { return !online.contains(cpu.cpu()); });
  const CpuSet silent = ask ? deaf(cpus) : CpuSet{};
  std::erase_if(cpus, [&](const perf::KsymbolCpu& cpu) { return silent.contains(cpu.cpu()); });
  const CpuSet before = watched();
  for (const unsigned cpu : online.cpus()) {
    if (!before.contains(cpu))
      join_late(cpu, batch);
  }
}

KsymbolEvents::KsymbolEvents(KsymbolOptions options) : state_(std::make_unique<State>(std::move(options))) {}
KsymbolEvents::~KsymbolEvents() = default;
KsymbolEvents::KsymbolEvents(KsymbolEvents&& other) noexcept = default;
KsymbolEvents& KsymbolEvents::operator=(KsymbolEvents&& other) noexcept = default;

int KsymbolEvents::native_handle() const noexcept {
  return state_->epoll.get();
}

KsymbolBatch KsymbolEvents::drain() {
  KsymbolBatch batch;
  // The rings first: those of CPUs that went down still hold what was told before.
  for (perf::KsymbolCpu& cpu : state_->cpus)
    cpu.drain(batch, state_->stats);
  state_->follow(online_now(state_->options.sys).value_or(state_->watched()), batch);
  std::ranges::stable_sort(batch.events, {}, &KsymbolEvent::time);
  return batch;
}

void KsymbolEvents::recheck_cpus() noexcept {
  state_->recheck = true;
}

CpuSet KsymbolEvents::cpus() const {
  return state_->watched();
}

const ParseStats& KsymbolEvents::stats() const noexcept {
  return state_->stats;
}

}  // namespace fathom
