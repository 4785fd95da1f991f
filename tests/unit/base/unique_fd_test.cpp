#include <fathom/base/unique_fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace fathom {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

UniqueFd open_null() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(UniqueFd, ClosesAtTheEnd) {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    ASSERT_TRUE(fd);
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovesOwnership) {
  UniqueFd a = open_null();
  const int number = a.get();
  UniqueFd b = std::move(a);
  EXPECT_EQ(b.get(), number);
  UniqueFd c = open_null();
  const int replaced = c.get();
  c = std::move(b);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_EQ(c.get(), number);
  const int released = c.release();
  EXPECT_FALSE(c);
  EXPECT_TRUE(is_open(released));
  ::close(released);
}

TEST(UniqueFd, KeepsErrno) {
  UniqueFd fd = open_null();
  errno = ENOTSUP;
  fd.reset();
  EXPECT_EQ(errno, ENOTSUP);
  EXPECT_FALSE(fd);
}

}  // namespace
}  // namespace fathom
