#pragma once

#include <fathom/async/async_reader.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <span>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

namespace fathom {

/// What an AsyncPageReader can read: raw pages that come out of `drain()`, and a `tick()` after which it is worth
/// asking though the descriptor stays silent. A RawTracePipe.
template <class Source>
concept PageSource = AsyncSource<Source> && requires(Source& source) {
  { source.drain() } -> std::same_as<std::span<const std::byte>>;
  { source.tick() } -> std::convertible_to<std::chrono::steady_clock::duration>;
};

/// Awaits, with Boost.Asio, the raw pages of a ring buffer.
///
///     fathom::AsyncPageReader reader{co_await asio::this_coro::executor, fathom::RawTracePipe{instance, cpu}};
///     for (;;)
///       decoder.feed(cpu, co_await reader.async_read_pages(asio::use_awaitable), sink);
///
/// Waits for readiness and, beside that, for a timer: poll() of a raw pipe tells of a buffer that is half full, and on
/// older kernels not always of that. All else is as with AsyncReader, which this is made of: what is moved in lives
/// here, one read at a time, threads, executors, what happens when it is destroyed. The pages are good until the next
/// read begins. For all CPUs at once give an AsyncReader a Recorder, which has a timer of its own:
///
///     fathom::AsyncReader reader{executor, recorder, [&](fathom::Recorder& r) { return r.drain(sink); }};
template <class Source>
  requires PageSource<std::remove_reference_t<Source>>
class AsyncPageReader {
 public:
  /// Waits as long as the source says. Throws as AsyncReader does.
  AsyncPageReader(const boost::asio::any_io_executor& executor, Source&& source)
      : AsyncPageReader(executor, std::forward<Source>(source), source.tick()) {}  // a reference, and nobody moved yet
  /// Asks at least every `tick`. Throws as AsyncReader does.
  AsyncPageReader(const boost::asio::any_io_executor& executor, Source&& source,
                  std::chrono::steady_clock::duration tick)
      : reader_(executor, std::forward<Source>(source), AsyncReaderOptions{.tick = tick}) {}

  /// Completes with the pages that are there, as soon as there are any:
  /// `void(boost::system::error_code, std::span<const std::byte>)`, for any completion token. Errors are those of
  /// AsyncReader::async_read.
  template <class Token>
  auto async_read_pages(Token&& token) {
    return reader_.async_read(std::forward<Token>(token));
  }
  /// Ends a read that is pending with operation_aborted, unless it has found pages. By any thread.
  void cancel() { reader_.cancel(); }

  /// What is read, between two reads.
  [[nodiscard]] std::remove_reference_t<Source>& source() noexcept { return reader_.source(); }
  /// What the source threw last; null for nothing. Between two reads.
  [[nodiscard]] std::exception_ptr failure() const noexcept { return reader_.failure(); }
  /// The executor.
  [[nodiscard]] boost::asio::any_io_executor get_executor() const noexcept { return reader_.get_executor(); }

 private:
  AsyncReader<Source> reader_;
};

/// A source with a name is referred to, another is moved in.
template <class Source>
AsyncPageReader(const boost::asio::any_io_executor&, Source&&) -> AsyncPageReader<Source>;
/// The same with a timer of one's own choice.
template <class Source>
AsyncPageReader(const boost::asio::any_io_executor&, Source&&, std::chrono::steady_clock::duration)
    -> AsyncPageReader<Source>;

}  // namespace fathom
