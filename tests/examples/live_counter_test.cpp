#include "common/live_counter.hpp"

#include <fathom/base/unique_fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

namespace examples {
namespace {

// A hung up terminal refuses what is written to it; that ends neither the recording nor, by way of the destructor, the
// program.
TEST(LiveCounter, OutlivesItsTerminal) {
  fathom::UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(master);
  ASSERT_EQ(::unlockpt(master.get()), 0);
  std::array<char, 64> name{};
  ASSERT_EQ(::ptsname_r(master.get(), name.data(), name.size()), 0);
  const fathom::UniqueFd terminal(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal);
  const fathom::UniqueFd saved(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  ::dup2(terminal.get(), STDERR_FILENO);

  std::string shown;
  {
    LiveCounter counter(true);
    std::this_thread::sleep_for(std::chrono::milliseconds(550));
    counter.update([] { return std::string("1 call"); });
    std::array<char, 64> text{};
    if (const ssize_t size = ::read(master.get(), text.data(), text.size()); size > 0)
      shown.assign(text.data(), static_cast<std::size_t>(size));
    master.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    EXPECT_NO_THROW(counter.update([] { return std::string("2 calls"); }));
  }
  ::dup2(saved.get(), STDERR_FILENO);
  EXPECT_EQ(shown, "\r1 call\x1b[K");
}

}  // namespace
}  // namespace examples
