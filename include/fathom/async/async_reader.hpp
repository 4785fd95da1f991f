#pragma once

#include <fathom/async/detail/async_read_operation.hpp>
#include <fathom/async/detail/async_reader_state.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/compose.hpp>
#include <boost/system/error_code.hpp>

namespace fathom {

/// What an AsyncReader can wait for: it has a descriptor, `native_handle()` or a Child's `pidfd()`.
template <class Source>
concept AsyncSource = requires(const Source& source) {
  { source.native_handle() } -> std::convertible_to<int>;
} || requires(const Source& source) {
  { source.pidfd() } -> std::convertible_to<int>;
};

/// How an AsyncReader waits.
struct AsyncReaderOptions {
  /// How often the source is asked though its descriptor stays silent; zero: never. For those whose poll() is not to be
  /// trusted, as that of a trace_pipe.
  std::chrono::steady_clock::duration tick{};
};

/// Awaits, with Boost.Asio, what a source of this library has to give: the records of a RingBuffer or PerfBuffer, the
/// events of KsymbolEvents, ModuleEvents or SymbolChanges, a signal, a new snapshot of LiveKallsyms, a Child's end.
///
///     fathom::AsyncReader reader{co_await asio::this_coro::executor, bpf.ring_buffer<Open>("opens")};
///     for (;;)
///       for (const Open& open : co_await reader.async_read(asio::use_awaitable)) print(open);
///
///     fathom::AsyncReader signals{executor, stop, &fathom::StopSignals::received};
///     signals.async_read([&](boost::system::error_code error, std::optional<int> signal) { reader.cancel(); });
///
/// A source that is given as an rvalue is moved in and lives here; one that has a name is referred to, and must outlive
/// this object. `Drain` is how it is emptied without waiting: its member `drain()`, or any callable that takes it, such
/// as `&LiveKallsyms::refresh_if_due`, `&Child::try_wait`, or a lambda around `consume()`, which copies and allocates
/// nothing. What that returns is what a read gives: something with `empty()`, or that is false if there is nothing.
///
/// What a read gives is good for as long as the source says: a RingBatch until the next read begins, or this object is
/// destroyed. Losses are told as by the source itself: in its batches (PerfBatch, KsymbolBatch), or by `source()`.
///
/// A source may be readable and yet have nothing: a ring buffer while a program has reserved a record and not submitted
/// it. It is then asked in pauses that grow from 0.1 to 1.6 ms, so that the wait takes little of the processor's time.
///
/// One read at a time. A source that has nothing more to give, ever, must say so by something that is not empty, or by
/// throwing: a pipe at its end, of which drain() tells nothing, would be asked for ever.
///
/// A read may run in any thread of its executor, without a strand; what the source is asked is asked by one at a time.
/// `cancel` may be called by any thread; otherwise this is for one thread, or strand, at a time, and the source is not
/// to be used while a read is pending. Intermediate steps run on the completion handler's executor, by default that of
/// this object, and in the handler's memory. Move-only, also while a read is pending; a moved-from reader may only be
/// destroyed or assigned to. Must not outlive the execution context. Touches no file and needs no rights; Asio sets
/// O_NONBLOCK for what the descriptor has open. Boost 1.74 or newer.
///
/// GCC 12 compiles no list of values in one expression with co_await ("array used as initializer", or an internal
/// error): where a source's options hold one, as `.on = CpuSet{0, 1}` of a PerfTimer, await the executor in a line
/// before.
template <class Source, class Drain = detail::DrainMember>
  requires AsyncSource<std::remove_reference_t<Source>> && std::invocable<Drain&, std::remove_reference_t<Source>&>
class AsyncReader {
  using State = detail::AsyncReaderState<Source, Drain>;

 public:
  /// What a read gives.
  using Batch = typename State::Batch;

  /// Reads by the source's `drain()`. Throws Error (EBADF; EMFILE: too many descriptors; ELOOP: too many epoll
  /// descriptors within each other).
  AsyncReader(const boost::asio::any_io_executor& executor, Source&& source, const AsyncReaderOptions& options = {})
    requires std::default_initializable<Drain>
      : AsyncReader(executor, std::forward<Source>(source), Drain{}, options) {}
  /// Reads by `drain`, which must not use this object. Throws the same.
  AsyncReader(const boost::asio::any_io_executor& executor, Source&& source, Drain drain,
              const AsyncReaderOptions& options = {})
      : state_(std::make_shared<State>(executor, std::forward<Source>(source), std::move(drain), options.tick)) {}
  /// Ends a read that is pending with operation_aborted, whatever it has found, which goes with it.
  ~AsyncReader() { close(); }
  AsyncReader(AsyncReader&& other) noexcept = default;
  /// Takes over `other` and its pending read; ends one of its own as the destructor does.
  AsyncReader& operator=(AsyncReader&& other) noexcept {
    AsyncReader taken(std::move(other));
    std::swap(state_, taken.state_);
    return *this;
  }
  AsyncReader(const AsyncReader&) = delete;
  AsyncReader& operator=(const AsyncReader&) = delete;

  /// Completes with what is there, as soon as something is: `void(boost::system::error_code, Batch)`, for any
  /// completion token. With an error the batch is empty: operation_aborted after `cancel` or if this object is
  /// destroyed; already_started if a read is pending, which goes on; operation_not_supported
  /// if it is a file, for which nobody can wait; what the source threw, as a code (see `failure`).
  template <class Token>
  auto async_read(Token&& token) {  // NOLINT(cppcoreguidelines-missing-std-forward): async_compose takes an lvalue
    return boost::asio::async_compose<Token, void(boost::system::error_code, Batch)>(
        detail::AsyncReadOperation<State>(state_), token, state_->descriptor);
  }
  /// Ends a read that is pending with operation_aborted, unless it has found something: then it is too late. Nothing is
  /// lost, and the next read may begin when that has completed.
  void cancel() {
    const std::scoped_lock lock(state_->mutex);
    if (!state_->reading)
      return;
    state_->cancelled = true;
    state_->end_wait();
  }

  /// What is read: for its counts and losses, between two reads.
  [[nodiscard]] std::remove_reference_t<Source>& source() noexcept { return state_->source; }
  /// What the source threw last, whole, with path and hint; null for nothing. Between two reads.
  [[nodiscard]] std::exception_ptr failure() const noexcept { return state_->failure; }
  /// The executor.
  [[nodiscard]] boost::asio::any_io_executor get_executor() const noexcept { return state_->descriptor.get_executor(); }

 private:
  void close() {
    if (state_)
      state_->close();
  }

  std::shared_ptr<State> state_;
};

/// A source with a name is referred to, another is moved in.
template <class Source>
AsyncReader(const boost::asio::any_io_executor&, Source&&, const AsyncReaderOptions& = {}) -> AsyncReader<Source>;
/// The same with a way of its own to empty it.
template <class Source, class Drain>
AsyncReader(const boost::asio::any_io_executor&, Source&&, Drain, const AsyncReaderOptions& = {})
    -> AsyncReader<Source, Drain>;

}  // namespace fathom
