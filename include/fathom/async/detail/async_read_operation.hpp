#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

namespace fathom::detail {

/// One read of an AsyncReader, as async_compose takes it.
///
/// A wait alone would not do. While no read is pending Asio sees wake-ups too, and forgets them; a perf event tells of
/// its records only once, to the first that asks (perf_poll(), Linux 4.1). So the source is asked again after each wait
/// has begun: what came before that is found then, and what comes later ends the wait.
///
/// A descriptor may also be readable with nothing to be had, for as long as that takes: a ring buffer's while a program
/// has reserved a record and not yet submitted it. After a few such wake-ups the source is asked by the clock instead,
/// in pauses that grow to a bound.
template <class State>
class AsyncReadOperation {
 public:
  explicit AsyncReadOperation(std::shared_ptr<State> state) : state_(std::move(state)) {}

  template <class Self>
  void operator()(Self& self, const boost::system::error_code& waited = {}) {
    auto done = advance(self, waited);
    if (!done)
      return;  // and this object has moved away
    state_.reset();
    self.complete(done->error, std::move(done->batch));
  }

 private:
  enum class Step : std::uint8_t { begin, refused, read };
  struct Done {
    boost::system::error_code error;
    typename State::Batch batch{};
  };

  template <class Self>
  std::optional<Done> advance(Self& self, const boost::system::error_code& waited) {
    const std::shared_ptr<State> state = state_;
    const std::scoped_lock lock(state->mutex);
    switch (step_) {
      case Step::begin:
        step_ = std::exchange(state->reading, true) ? Step::refused : Step::read;
        // A handler is never called by the function that it was given to. By way of our executor: a post to the
        // handler's alone would, for use_future, go to the system executor, which starts threads.
        boost::asio::post(state->descriptor.get_executor(), std::move(self));
        return std::nullopt;
      case Step::refused:
        return Done{boost::asio::error::already_started};
      case Step::read:
        break;
    }
    state->timer.cancel();
    const bool woken = !std::exchange(pausing_, false) && !waited && waiting_;
    if (auto done = result(*state, waited)) {
      state->reading = state->cancelled = false;
      state->error.clear();
      state->found.reset();
      return done;
    }
    if (woken && count_wake_up() > kWakeUps) {
      pausing_ = true;
      state->timer.expires_after(pause_);
      pause_ = std::min(2 * pause_, kLongestPause);
      state->timer.async_wait(std::move(self));
      return std::nullopt;
    }
    waiting_ = true;
    wait_began_ = Clock::now();
    State::start_tick(state);
    state->descriptor.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(self));
    if (state->look())
      state->end_wait();
    return std::nullopt;
  }

  // How the read ends, if it ends now.
  static std::optional<Done> result(State& state, const boost::system::error_code& waited) {
    if (state.closed)
      return Done{boost::asio::error::operation_aborted};
    if (!state.found && !state.error) {
      if (state.cancelled)
        return Done{boost::asio::error::operation_aborted};
      // An aborted wait is one that look(), or a tick, has ended.
      if (waited && waited != boost::asio::error::operation_aborted)
        return Done{waited};
      if (!state.look())
        return std::nullopt;
    }
    if (state.error)
      return Done{state.error};
    return Done{{}, std::move(*state.found)};
  }

  // How many wake-ups in a row there was nothing for; a wait that took its time begins a new row.
  unsigned count_wake_up() {
    if (Clock::now() - wait_began_ > kLongestPause) {
      wake_ups_ = 0;
      pause_ = kShortestPause;
    }
    return ++wake_ups_;
  }

  using Clock = typename State::Clock;
  static constexpr unsigned kWakeUps = 4;
  static constexpr typename Clock::duration kShortestPause = std::chrono::microseconds(100);
  static constexpr typename Clock::duration kLongestPause = 16 * kShortestPause;

  std::shared_ptr<State> state_;
  Step step_ = Step::begin;
  bool waiting_ = false;  // what comes next ends a wait
  bool pausing_ = false;  // or this pause
  unsigned wake_ups_ = 0;
  typename Clock::duration pause_ = kShortestPause;
  typename Clock::time_point wait_began_{};
};

}  // namespace fathom::detail
