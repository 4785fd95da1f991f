#include "leaving_symbols.hpp"
#include "wait_set.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/symbols/live_kallsyms.hpp>

#include <sys/timerfd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <mutex>
#include <utility>

namespace fathom {

namespace {

constexpr std::chrono::nanoseconds kLookAgain = std::chrono::milliseconds(20);
// After a refresh that failed.
constexpr std::chrono::nanoseconds kTryAgain = std::chrono::seconds(1);

UniqueFd make_timer() {
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer)
    throw Error(errno, "create a timer");
  return timer;
}

// Zero stops it, and takes back that it ran out.
void set_timer(const UniqueFd& timer, std::chrono::nanoseconds from_now) {
  itimerspec spec{};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(from_now);
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (from_now - seconds).count();
  ::timerfd_settime(timer.get(), 0, &spec, nullptr);
}

}  // namespace

struct LiveKallsyms::State {
  explicit State(LiveKallsymsOptions options)
      : kallsyms(std::move(options.kallsyms)),
        changes(options.changes),
        timer(make_timer()),
        epoll(symbols::wait_set({changes.native_handle(), timer.get()})) {}

  // With `refreshing` held.
  void listen();
  [[nodiscard]] SymbolRefresh read();

  KallsymsOptions kallsyms;
  SymbolChanges changes;
  UniqueFd timer;  // has the handle say that a refresh is due though nothing more came
  UniqueFd epoll;

  std::mutex refreshing;
  bool due = false;
  SymbolChangeSummary pending;  // not yet given to anybody
  symbols::LeavingSymbols leaving;

  mutable std::mutex publishing;
  KallsymsIndex current;
};

void LiveKallsyms::State::listen() {
  SymbolChangeSummary came = changes.drain();
  due = due || came.due();
  leaving.note(came);
  pending += std::move(came);
}

SymbolRefresh LiveKallsyms::State::read() {
  set_timer(timer, kTryAgain);
  due = true;  // and stays so if reading fails
  KallsymsIndex index = KallsymsIndex::load(kallsyms);
  set_timer(timer, {});
  due = false;
  listen();
  due = leaving.still_in(index) || due;
  if (due)
    set_timer(timer, kLookAgain);
  {
    const std::scoped_lock lock(publishing);
    std::swap(current, index);
  }
  return {.refreshed = true, .due = due, .changes = std::exchange(pending, {})};
}

LiveKallsyms::LiveKallsyms(LiveKallsymsOptions options) : state_(std::make_unique<State>(std::move(options))) {
  (void)refresh();
}
LiveKallsyms::~LiveKallsyms() = default;

KallsymsIndex LiveKallsyms::current() const {
  const std::scoped_lock lock(state_->publishing);
  return state_->current;
}

SymbolRefresh LiveKallsyms::refresh_if_due() {
  const std::scoped_lock lock(state_->refreshing);
  state_->listen();
  if (!state_->due)
    return {};
  return state_->read();
}

SymbolRefresh LiveKallsyms::refresh() {
  const std::scoped_lock lock(state_->refreshing);
  state_->listen();
  return state_->read();
}

int LiveKallsyms::native_handle() const noexcept {
  return state_->epoll.get();
}

const SymbolNotices& LiveKallsyms::notices() const noexcept {
  return state_->changes.notices();
}

}  // namespace fathom
