#include <fathom/process/stop_signals.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace fathom {
namespace {

bool is_blocked(int signal) {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) == 1;
}

TEST(StopSignals, TurnsSignalsIntoAValue) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    SCOPED_TRACE(signal);
    StopSignals stop;
    EXPECT_TRUE(is_blocked(signal));
    EXPECT_FALSE(stop.received());
    EXPECT_FALSE(is_readable(stop.native_handle()));
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    EXPECT_TRUE(is_readable(stop.native_handle()));
    EXPECT_EQ(stop.received(), signal);
    EXPECT_FALSE(is_readable(stop.native_handle()));
    EXPECT_EQ(stop.received(), signal);
  }
  EXPECT_FALSE(is_blocked(SIGINT));
  EXPECT_FALSE(is_blocked(SIGTERM));
  EXPECT_FALSE(is_blocked(SIGHUP));
}

TEST(StopSignals, RemembersTheFirstAndSwallowsTheRest) {
  {
    StopSignals stop;
    ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
    ASSERT_EQ(stop.received(), SIGTERM);
    ASSERT_EQ(::kill(::getpid(), SIGINT), 0);
    EXPECT_EQ(stop.received(), SIGTERM);
    // Would end this program when the mask is restored.
    ASSERT_EQ(::kill(::getpid(), SIGINT), 0);
  }
  EXPECT_FALSE(is_blocked(SIGINT));
}

TEST(StopSignals, KeepsWhatWasBlockedBefore) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
  {
    const StopSignals stop;
  }
  EXPECT_TRUE(is_blocked(SIGTERM));
  EXPECT_FALSE(is_blocked(SIGINT));
  ::pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
}

TEST(StopSignals, LeavesIgnoredSignalsAlone) {
  ASSERT_NE(std::signal(SIGHUP, SIG_IGN), SIG_ERR);
  {
    StopSignals stop;
    EXPECT_FALSE(is_blocked(SIGHUP));
    ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
    EXPECT_FALSE(stop.received());
  }
  std::signal(SIGHUP, SIG_DFL);
}

using StopSignalsDeathTest = ::testing::Test;

TEST(StopSignalsDeathTest, ASignalThatNobodyAskedForStillActs) {
  EXPECT_EXIT(
      {
        {
          const StopSignals stop;
          ::kill(::getpid(), SIGTERM);
        }
        ::_exit(0);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignals, ClosesItsDescriptor) {
  int fd = -1;
  {
    const StopSignals stop;
    fd = stop.native_handle();
    EXPECT_NE(::fcntl(fd, F_GETFD), -1);
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(StopSignals, TakesNoStandardDescriptor) {
  const UniqueFd saved(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  ::close(STDIN_FILENO);
  const StopSignals stop;
  const bool stayed_closed = ::fcntl(STDIN_FILENO, F_GETFD) == -1;
  ::dup2(saved.get(), STDIN_FILENO);
  EXPECT_TRUE(stayed_closed);
  EXPECT_GT(stop.native_handle(), STDERR_FILENO);
  EXPECT_TRUE(::fcntl(stop.native_handle(), F_GETFD) & FD_CLOEXEC);
}

}  // namespace
}  // namespace fathom
