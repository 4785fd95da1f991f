#include <fathom/output/folded_text.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace fathom {
namespace {

struct Stack {
  std::vector<std::string> frames;
  std::uint64_t weight;
};

TEST(FoldedText, IsALineForEachStack) {
  const std::vector<Stack> stacks = {{{"sh", "main", "vfs_read_[k]"}, 12}, {{"sh"}, 18446744073709551615U}};
  std::ostringstream out;
  write_folded(out, stacks);
  EXPECT_EQ(out.str(), "sh;main;vfs_read_[k] 12\nsh 18446744073709551615\n");
}

TEST(FoldedText, NamesCannotBreakTheLine) {
  std::string out;
  append_folded(out, Stack{{"a;b", "c\nd", "", "operator new(unsigned long)"}, 1});
  EXPECT_EQ(out, "a:b;c?d;?;operator new(unsigned long) 1\n");
}

TEST(FoldedText, NothingHasNoLineAndNoNameHasOne) {
  std::string out;
  append_folded(out, Stack{{"sh"}, 0});
  EXPECT_EQ(out, "");
  append_folded(out, Stack{{}, 3});
  EXPECT_EQ(out, "? 3\n");
}

}  // namespace
}  // namespace fathom
