#include "pipe_source.hpp"

#include <fathom/async/async_reader.hpp>
#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

namespace fathom {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

// What became of a read.
struct Outcome {
  int calls = 0;
  error_code error;
  std::string text;

  auto handler() {
    return [this](error_code code, std::string batch) {
      ++calls;
      error = code;
      text = std::move(batch);
    };
  }
};

// Runs what is ready now.
void run(asio::io_context& context) {
  context.restart();
  context.poll();
}

TEST(AsyncReader, GivesWhatIsThereButNeverFromWithinTheCall) {
  asio::io_context context;
  PipeSource pipe;
  AsyncReader reader(context.get_executor(), pipe);
  static_assert(std::same_as<decltype(reader)::Batch, std::string>);
  pipe.write("one");
  Outcome outcome;
  reader.async_read(outcome.handler());
  EXPECT_EQ(outcome.calls, 0);
  run(context);
  EXPECT_EQ(outcome.calls, 1);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.text, "one");
}

// Readable all the time, with nothing to be had until it is told: as a ring buffer whose program takes its time.
class BusySource {
 public:
  BusySource() { pipe_.write("x"); }

  [[nodiscard]] int native_handle() const noexcept { return pipe_.native_handle(); }
  [[nodiscard]] bool drain() {
    looks_ += 1;
    return done_;
  }
  void finish() noexcept { done_ = true; }
  [[nodiscard]] unsigned looks() const noexcept { return looks_; }

 private:
  PipeSource pipe_;
  unsigned looks_ = 0;
  bool done_ = false;
};

TEST(AsyncReader, AsksABusySourceInPauses) {
  asio::io_context context;
  BusySource busy;
  AsyncReader reader(context.get_executor(), busy);
  bool found = false;
  reader.async_read([&](error_code error, bool batch) { found = !error && batch; });
  const auto begin = std::chrono::steady_clock::now();
  context.run_for(200ms);
  const auto pauses = static_cast<unsigned>((std::chrono::steady_clock::now() - begin) / 1600us);
  EXPECT_FALSE(found);
  EXPECT_GT(busy.looks(), 5U);
  // Three looks a pause, those before the pauses are at their longest, and a new row of them for each pause that a busy
  // machine makes longer than that. Without pauses: tens of thousands.
  EXPECT_LE(busy.looks(), 20 * pauses + 50);
  busy.finish();
  context.restart();
  context.run_for(10s);
  EXPECT_TRUE(found);
}

TEST(AsyncReader, IsCancelledAndDestroyedInAPause) {
  asio::io_context context;
  BusySource busy;
  std::optional<AsyncReader<BusySource&>> reader(std::in_place, context.get_executor(), busy);
  for (const bool destroy : {false, true}) {
    std::optional<error_code> told;
    reader->async_read([&](error_code error, bool) { told = error; });
    context.restart();
    context.run_for(20ms);  // by now it pauses, most of the time
    EXPECT_FALSE(told);
    if (destroy)
      reader.reset();
    else
      reader->cancel();
    context.restart();
    context.run_for(10s);
    EXPECT_EQ(told, asio::error::operation_aborted);
  }
}

TEST(AsyncReader, WaitsForWhatIsNotThereYet) {
  asio::io_context context;
  PipeSource pipe;
  AsyncReader reader(context.get_executor(), pipe);
  Outcome outcome;
  reader.async_read(outcome.handler());
  run(context);
  EXPECT_EQ(outcome.calls, 0);
  pipe.write("later");
  run(context);
  EXPECT_EQ(outcome.calls, 1);
  EXPECT_EQ(outcome.text, "later");
  // What comes while nothing is awaited is there for the next.
  pipe.write("between");
  run(context);
  reader.async_read(outcome.handler());
  run(context);
  EXPECT_EQ(outcome.text, "between");
}

TEST(AsyncReader, ACoroutineReadsInALoop) {
  asio::io_context context;
  std::vector<std::string> texts;
  PipeSource pipe;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        AsyncReader reader(co_await asio::this_coro::executor, pipe);
        while (texts.size() < 100)
          texts.push_back(co_await reader.async_read(asio::use_awaitable));
      },
      asio::detached);
  const std::jthread writer([&] {
    for (int i = 0; i < 5000; ++i) {
      pipe.write("x");
      std::this_thread::yield();
    }
  });
  std::size_t before = 0;
  while (context.run_one_for(10s) != 0 && texts.size() < 100) {
    EXPECT_TRUE(texts.size() == before || !texts.back().empty());
    before = texts.size();
    if (texts.size() == 99)
      pipe.write("the last");
  }
  EXPECT_EQ(texts.size(), 100U);
}

std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

TEST(AsyncReader, AFutureHasItAndThrowsWhatWentWrong) {
  const std::ptrdiff_t threads_before = threads();
  asio::io_context context;
  PipeSource pipe;
  std::optional<AsyncReader<PipeSource&>> reader(std::in_place, context.get_executor(), pipe);
  std::future<std::string> first = reader->async_read(asio::use_future);
  pipe.write("text");
  run(context);
  EXPECT_EQ(first.get(), "text");
  std::future<std::string> second = reader->async_read(asio::use_future);
  run(context);
  reader.reset();
  run(context);
  EXPECT_THROW(second.get(), boost::system::system_error);
  EXPECT_EQ(threads(), threads_before);  // Asio's system executor was not used
}

TEST(AsyncReader, CancelEndsAReadAndLosesNothing) {
  asio::io_context context;
  PipeSource pipe;
  AsyncReader reader(context.get_executor(), pipe);
  reader.cancel();  // nothing is pending
  for (const bool waiting : {false, true}) {
    SCOPED_TRACE(waiting);
    Outcome outcome;
    reader.async_read(outcome.handler());
    if (waiting)
      run(context);
    reader.cancel();
    EXPECT_EQ(outcome.calls, 0);
    pipe.write("kept");
    run(context);
    EXPECT_EQ(outcome.calls, 1);
    EXPECT_EQ(outcome.error, asio::error::operation_aborted);
    EXPECT_EQ(outcome.text, "");
    reader.async_read(outcome.handler());
    run(context);
    EXPECT_FALSE(outcome.error);
    EXPECT_EQ(outcome.text, "kept");
  }
}

TEST(AsyncReader, ADestroyedReaderEndsItsRead) {
  asio::io_context context;
  for (const bool waiting : {false, true}) {
    for (const bool written : {false, true}) {
      SCOPED_TRACE(waiting);
      SCOPED_TRACE(written);
      PipeSource pipe;
      auto reader = std::make_unique<AsyncReader<PipeSource&>>(context.get_executor(), pipe);
      Outcome outcome;
      reader->async_read(outcome.handler());
      if (waiting)
        run(context);
      if (written)
        pipe.write("left");
      reader.reset();
      EXPECT_EQ(outcome.calls, 0);
      run(context);
      EXPECT_EQ(outcome.calls, 1);
      EXPECT_EQ(outcome.error, asio::error::operation_aborted);
      EXPECT_EQ(pipe.drain(), written ? "left" : "");
    }
  }
}

TEST(AsyncReader, ASourceMovesInAndAReaderMovesWithAReadPending) {
  asio::io_context context;
  PipeSource pipe;
  const UniqueFd write_end = [&] {
    pipe.write("mine");
    return UniqueFd::duplicate(pipe.native_handle());
  }();
  AsyncReader reader(context.get_executor(), std::move(pipe));
  static_assert(std::same_as<decltype(reader), AsyncReader<PipeSource>>);
  static_assert(std::is_nothrow_move_constructible_v<AsyncReader<PipeSource>>);
  static_assert(!std::copy_constructible<AsyncReader<PipeSource>>);
  Outcome first;
  reader.async_read(first.handler());
  run(context);
  EXPECT_EQ(first.text, "mine");

  Outcome second;
  reader.async_read(second.handler());
  run(context);
  AsyncReader moved(std::move(reader));
  moved.source().write("moved");
  AsyncReader other(context.get_executor(), PipeSource());
  Outcome third;
  other.async_read(third.handler());
  run(context);
  EXPECT_EQ(second.text, "moved");
  EXPECT_EQ(third.calls, 0);
  other = std::move(moved);  // ends the read of what it was
  run(context);
  EXPECT_EQ(third.error, asio::error::operation_aborted);
  other.source().write("assigned");
  other.async_read(second.handler());
  run(context);
  EXPECT_EQ(second.text, "assigned");
}

TEST(AsyncReader, AContextThatEndsTakesAPendingReadWithIt) {
  const auto counted = std::make_shared<int>();
  {
    asio::io_context context;
    asio::co_spawn(
        context,
        [counted]() -> asio::awaitable<void> {
          AsyncReader reader(co_await asio::this_coro::executor, PipeSource());
          co_await reader.async_read(asio::use_awaitable);
          ADD_FAILURE() << "nobody writes";
        },
        asio::detached);
    run(context);
    EXPECT_GT(counted.use_count(), 1);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(AsyncReader, ASecondReadIsRefusedAndTheFirstGoesOn) {
  asio::io_context context;
  PipeSource pipe;
  AsyncReader reader(context.get_executor(), pipe);
  Outcome first;
  Outcome second;
  reader.async_read(first.handler());
  run(context);
  reader.async_read(second.handler());
  EXPECT_EQ(second.calls, 0);
  run(context);
  EXPECT_EQ(second.error, asio::error::already_started);
  EXPECT_EQ(first.calls, 0);
  pipe.write("for the first");
  run(context);
  EXPECT_EQ(first.text, "for the first");
}

TEST(AsyncReader, WhatTheSourceThrowsIsACodeAndKeptWhole) {
  asio::io_context context;
  PipeSource pipe;
  const struct {
    std::exception_ptr thrown;
    int code;
  } cases[] = {
      {std::make_exception_ptr(Error(EMFILE, "open", "/some/file", "close some")), EMFILE},
      {std::make_exception_ptr(std::system_error(ENODEV, std::system_category())), ENODEV},
      {std::make_exception_ptr(std::system_error(std::make_error_code(std::future_errc::no_state))), EIO},
      {std::make_exception_ptr(std::bad_alloc()), ENOMEM},
      {std::make_exception_ptr(std::runtime_error("no number")), EIO},
      {std::make_exception_ptr(1), EIO},
  };
  for (const auto& one : cases) {
    for (const int good : {0, 1, 2}) {  // how many looks find nothing before
      int looks = 0;
      AsyncReader reader(context.get_executor(), pipe, [&](const PipeSource& source) {
        if (looks++ == good)
          std::rethrow_exception(one.thrown);
        return source.drain();
      });
      Outcome outcome;
      reader.async_read(outcome.handler());
      run(context);
      if (good == 2) {
        EXPECT_EQ(outcome.calls, 0);
        pipe.write("x");
        run(context);
      }
      EXPECT_EQ(outcome.calls, 1);
      EXPECT_EQ(outcome.error, error_code(one.code, boost::system::system_category()));
      EXPECT_EQ(reader.failure(), one.thrown);
      // It may be asked again.
      pipe.write("better");
      reader.async_read(outcome.handler());
      run(context);
      EXPECT_FALSE(outcome.error);
      EXPECT_TRUE(outcome.text.ends_with("better"));
    }
  }
}

TEST(AsyncReader, WhatComesWithoutAWakeUpIsFoundByTheLookAfterTheWaitHasBegun) {
  asio::io_context context;
  const PipeSource silent;
  std::string text;
  int looks = 0;
  AsyncReader reader(context.get_executor(), silent, [&](const PipeSource&) {
    if (++looks == 2)
      text = "came between";
    return std::exchange(text, {});
  });
  Outcome outcome;
  reader.async_read(outcome.handler());
  run(context);
  EXPECT_EQ(outcome.text, "came between");
  EXPECT_EQ(looks, 2);
}

TEST(AsyncReader, ATickAsksASilentSource) {
  asio::io_context context;
  const PipeSource silent;
  std::string text;
  AsyncReader reader(context.get_executor(), silent, [&](const PipeSource&) { return std::exchange(text, {}); },
                     {.tick = 1ms});
  Outcome outcome;
  reader.async_read(outcome.handler());
  context.run_for(20ms);
  EXPECT_EQ(outcome.calls, 0);
  text = "unannounced";
  context.restart();
  context.run_for(10s);  // ends when nothing is pending
  EXPECT_EQ(outcome.text, "unannounced");
  // The timer of a reader that is gone does nothing.
  {
    AsyncReader gone(context.get_executor(), silent, [](const PipeSource&) { return false; }, {.tick = 1ms});
    gone.async_read([&](error_code code, bool) { outcome.error = code; });
    context.restart();
    context.run_for(5ms);
  }
  context.restart();
  context.run_for(10s);
  EXPECT_EQ(outcome.error, asio::error::operation_aborted);
}

TEST(AsyncReader, EmptyIsWhatSaysSo) {
  struct Process {
    [[nodiscard]] int pidfd() const { return pipe.native_handle(); }
    [[nodiscard]] std::optional<int> try_wait() { return pipe.drain().empty() ? std::nullopt : std::optional(0); }
    PipeSource pipe;
  };
  asio::io_context context;
  Process process;
  AsyncReader reader(context.get_executor(), process, &Process::try_wait);
  std::optional<std::optional<int>> end;
  reader.async_read([&](error_code, std::optional<int> status) { end = status; });
  run(context);
  EXPECT_FALSE(end);
  process.pipe.write("x");
  run(context);
  EXPECT_EQ(end.value(), std::optional(0));

  AsyncReader sizes(context.get_executor(), process.pipe, [](const PipeSource& pipe) { return pipe.drain().size(); });
  std::size_t size = 0;
  sizes.async_read([&](error_code, std::size_t found) { size = found; });
  process.pipe.write("four");
  run(context);
  EXPECT_EQ(size, 4U);
}

TEST(AsyncReader, WhatCannotBeWaitedForIsAnError) {
  struct File {
    [[nodiscard]] int native_handle() const { return fd.get(); }
    [[nodiscard]] bool drain() const { return false; }
    UniqueFd fd;
  };
  asio::io_context context;
  AsyncReader reader(context.get_executor(), File{UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC))});
  error_code error;
  reader.async_read([&](error_code code, bool) { error = code; });
  run(context);
  EXPECT_EQ(error, asio::error::operation_not_supported);
  EXPECT_THROW(AsyncReader(context.get_executor(), File{}), Error);
}

// Counts what is taken from it.
template <class T>
struct CountingAllocator {
  using value_type = T;
  explicit CountingAllocator(int* to) : count(to) {}
  template <class U>
  explicit(false) CountingAllocator(const CountingAllocator<U>& other) : count(other.count) {}
  T* allocate(std::size_t n) {
    ++*count;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* memory, std::size_t n) { std::allocator<T>().deallocate(memory, n); }
  friend bool operator==(const CountingAllocator&, const CountingAllocator&) = default;
  int* count;
};

struct WithAllocator {
  using allocator_type = CountingAllocator<void>;
  [[nodiscard]] allocator_type get_allocator() const { return allocator_type(count); }
  void operator()(error_code, std::string text) const { *found = std::move(text); }
  int* count;
  std::string* found;
};

TEST(AsyncReader, AHandlersExecutorAndAllocatorAreUsed) {
  asio::io_context context;
  asio::io_context other;
  PipeSource pipe;
  AsyncReader reader(context.get_executor(), pipe);
  EXPECT_EQ(reader.get_executor(), asio::any_io_executor(context.get_executor()));
  pipe.write("there");
  Outcome outcome;
  reader.async_read(asio::bind_executor(other.get_executor(), outcome.handler()));
  run(context);
  EXPECT_EQ(outcome.calls, 0);
  run(other);
  EXPECT_EQ(outcome.text, "there");

  int allocations = 0;
  std::string found;
  reader.async_read(WithAllocator{&allocations, &found});
  run(context);
  EXPECT_GT(allocations, 0);
  pipe.write("again");
  run(context);
  EXPECT_EQ(found, "again");
}

}  // namespace
}  // namespace fathom
