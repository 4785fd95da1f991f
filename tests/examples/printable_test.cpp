#include "common/printable.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace examples {
namespace {

TEST(Printable, WritesControlBytesAndLeavesTheRest) {
  using namespace std::string_view_literals;
  EXPECT_EQ(printable("\x1b]0;x\a"), "\\x1b]0;x\\x07");
  EXPECT_EQ(printable("a\0b\n\x7f"sv), "a\\x00b\\x0a\\x7f");
  EXPECT_EQ(printable("vfs_read ~ \\ gr\xc3\xbc\xc3\x9f"), "vfs_read ~ \\ gr\xc3\xbc\xc3\x9f");
}

}  // namespace
}  // namespace examples
