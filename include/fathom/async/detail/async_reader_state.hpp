#pragma once

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>

#include <cerrno>
#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/version.hpp>
#include <boost/system/error_code.hpp>

#if BOOST_ASIO_VERSION < 101700
#error "fathom::asio needs Boost 1.74 or newer"
#endif

namespace fathom::detail {

/// How most sources are emptied.
struct DrainMember {
  template <class Source>
    requires requires(Source& source) { source.drain(); }
  [[nodiscard]] decltype(auto) operator()(Source& source) const {
    return source.drain();
  }
};

template <class Source>
[[nodiscard]] int handle_of(const Source& source) {
  if constexpr (requires { source.native_handle(); })
    return source.native_handle();
  else
    return source.pidfd();
}

template <class Batch>
[[nodiscard]] bool is_empty(const Batch& batch) {
  if constexpr (requires { batch.empty(); })
    return batch.empty();
  else
    return !static_cast<bool>(batch);
}

/// What was thrown, as what a handler can be told. Inside a catch block only.
[[nodiscard]] inline boost::system::error_code current_error() {
  try {
    throw;
  } catch (const std::system_error& e) {
    if (e.code().category() == std::generic_category() || e.code().category() == std::system_category())
      return {e.code().value(), boost::system::system_category()};
  } catch (const std::bad_alloc&) {
    return {ENOMEM, boost::system::system_category()};
  } catch (...) {
    // Nothing that a number could say.
  }
  return {EIO, boost::system::system_category()};
}

/// What an AsyncReader and the read that it has begun share: either may go first, in any thread.
template <class Source, class Drain>
struct AsyncReaderState {
  using Batch = std::remove_cvref_t<std::invoke_result_t<Drain&, std::remove_reference_t<Source>&>>;
  using Clock = std::chrono::steady_clock;

  AsyncReaderState(const boost::asio::any_io_executor& executor, Source&& of, Drain how, Clock::duration every)
      : source(std::forward<Source>(of)), drain(std::move(how)), tick(every), descriptor(executor), timer(executor) {
    // Asio wants a descriptor of its own, which it closes.
    UniqueFd copy = UniqueFd::duplicate(handle_of(source));
    boost::system::error_code refused;
    descriptor.assign(copy.get(), refused);  // NOLINT(bugprone-unused-return-value): that is its argument
    if (refused)
      throw Error(refused.value(), "wait for descriptor " + std::to_string(handle_of(source)));
    (void)copy.release();
  }

  /// Asks the source; true if there is something to tell: `found`, or what it threw.
  [[nodiscard]] bool look() {
    try {
      Batch batch = std::invoke(drain, source);
      if (is_empty(batch))
        return false;
      found.emplace(std::move(batch));
    } catch (...) {
      failure = std::current_exception();
      error = current_error();
    }
    return true;
  }

  /// Ends a wait after a tick, so that the source is asked again.
  static void start_tick(const std::shared_ptr<AsyncReaderState>& state) {
    if (state->tick <= Clock::duration::zero())
      return;
    state->timer.expires_after(state->tick);
    state->timer.async_wait([weak = std::weak_ptr(state)](const boost::system::error_code& stopped) {
      const auto ticking = weak.lock();
      if (stopped || !ticking)
        return;
      const std::scoped_lock lock(ticking->mutex);
      ticking->end_wait();
    });
  }

  /// Ends a wait, or the pause that stands for one.
  void end_wait() {
    boost::system::error_code ignored;  // nothing waits, or it is closed
    descriptor.cancel(ignored);         // NOLINT(bugprone-unused-return-value)
    timer.cancel();
  }

  void close() {
    const std::scoped_lock lock(mutex);
    closed = true;
    boost::system::error_code ignored;
    descriptor.close(ignored);  // NOLINT(bugprone-unused-return-value)
    timer.cancel();
  }

  // Of all members, and held while the source is asked.
  std::mutex mutex;
  Source source;
  Drain drain;
  Clock::duration tick;
  boost::asio::posix::stream_descriptor descriptor;
  boost::asio::steady_timer timer;  // of the tick, or of a pause
  bool reading = false;
  bool cancelled = false;
  bool closed = false;
  std::optional<Batch> found;
  boost::system::error_code error;
  std::exception_ptr failure;  // the last
};

}  // namespace fathom::detail
