#include "pipe_source.hpp"

#include <fathom/async/async_page_reader.hpp>
#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <future>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

namespace fathom {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using Pages = std::span<const std::byte>;

// Pages that come through a pipe, or, as those of a trace_pipe_raw may, without a word from the descriptor.
class Source {
 public:
  std::string silent;
  int error = 0;
  int asked = 0;

  void write(std::string_view text) const { pipe_.write(text); }
  [[nodiscard]] int native_handle() const noexcept { return pipe_.native_handle(); }
  [[nodiscard]] static std::chrono::milliseconds tick() noexcept { return 5ms; }
  [[nodiscard]] std::span<const std::byte> drain() {
    ++asked;
    if (error != 0)
      throw Error(error, "read", "trace_pipe_raw");
    text_ = pipe_.drain() + std::exchange(silent, {});
    return std::as_bytes(std::span(text_));
  }

 private:
  PipeSource pipe_;
  std::string text_;
};

std::string text_of(Pages pages) {
  std::string text;
  for (const std::byte byte : pages)
    text += std::to_integer<char>(byte);
  return text;
}

struct Outcome {
  int calls = 0;
  error_code error;
  std::string text;

  auto handler() {
    return [this](error_code code, Pages pages) {
      ++calls;
      error = code;
      text = text_of(pages);
    };
  }
};

TEST(AsyncPageReader, GivesPagesWhenTheDescriptorSaysSo) {
  asio::io_context context;
  Source source;
  AsyncPageReader reader(context.get_executor(), source, 1h);
  Outcome outcome;
  reader.async_read_pages(outcome.handler());
  context.poll();
  EXPECT_EQ(outcome.calls, 0);
  source.write("pages");
  context.run_one_for(10s);
  context.run_for(10s);
  EXPECT_EQ(outcome.calls, 1);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.text, "pages");
}

TEST(AsyncPageReader, GivesPagesThatTheDescriptorKeepsQuietAbout) {
  asio::io_context context;
  Source source;
  AsyncPageReader reader(context.get_executor(), source);
  Outcome outcome;
  reader.async_read_pages(outcome.handler());
  context.poll();
  EXPECT_EQ(outcome.calls, 0);
  source.silent = "pages";
  context.run_for(10s);
  EXPECT_EQ(outcome.calls, 1);
  EXPECT_EQ(outcome.text, "pages");
}

TEST(AsyncPageReader, RefusesASecondReadAndIsCancelled) {
  asio::io_context context;
  AsyncPageReader reader(context.get_executor(), Source{});
  static_assert(std::same_as<decltype(reader), AsyncPageReader<Source>>);
  Outcome first;
  Outcome second;
  reader.async_read_pages(first.handler());
  reader.async_read_pages(second.handler());
  context.run_for(20ms);
  EXPECT_EQ(first.calls, 0);
  EXPECT_EQ(second.calls, 1);
  EXPECT_EQ(second.error, asio::error::already_started);
  EXPECT_GT(reader.source().asked, 1);
  reader.cancel();
  context.restart();
  context.run_for(10s);
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(first.error, asio::error::operation_aborted);
  EXPECT_EQ(first.text, "");
}

TEST(AsyncPageReader, TellsWhatTheSourceThrew) {
  asio::io_context context;
  Source source;
  source.error = ENODEV;
  AsyncPageReader reader(context.get_executor(), source);
  Outcome outcome;
  reader.async_read_pages(outcome.handler());
  context.run_for(10s);
  EXPECT_EQ(outcome.error, error_code(ENODEV, boost::system::system_category()));
  EXPECT_THROW(std::rethrow_exception(reader.failure()), Error);
}

TEST(AsyncPageReader, WorksWithFuturesAndCoroutines) {
  asio::io_context context;
  Source source;
  AsyncPageReader reader(context.get_executor(), source);
  source.silent = "one";
  auto future = reader.async_read_pages(asio::use_future);
  context.run_for(10s);
  EXPECT_EQ(text_of(future.get()), "one");
  source.write("two");
  std::string text;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> { text = text_of(co_await reader.async_read_pages(asio::use_awaitable)); },
      [](const std::exception_ptr& thrown) { EXPECT_FALSE(thrown); });
  context.restart();
  context.run_for(10s);
  EXPECT_EQ(text, "two");
}

}  // namespace
}  // namespace fathom
