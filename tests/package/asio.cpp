#include <fathom/async/async_reader.hpp>

#include <unistd.h>

#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

// A source of the consumer's own, awaited by a coroutine.
struct Pipe {
  Pipe() { opened = ::pipe(ends) == 0; }
  int native_handle() const { return ends[0]; }
  std::string drain() const {
    char byte = 0;
    return told && ::read(ends[0], &byte, 1) == 1 ? std::string(1, byte) : std::string();
  }
  int ends[2] = {-1, -1};
  bool opened = false;
  bool told = false;
};

int main() {
  Pipe pipe;
  std::string text;
  asio::io_context context;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        fathom::AsyncReader reader(co_await asio::this_coro::executor, pipe);
        text = co_await reader.async_read(asio::use_awaitable);
      },
      asio::detached);
  context.poll();
  pipe.told = pipe.opened && ::write(pipe.ends[1], "x", 1) == 1;
  context.run();
  return text == "x" ? 0 : 1;
}
