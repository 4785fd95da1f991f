#include <fathom/base/glob.hpp>

#include <gtest/gtest.h>

#include <string>

namespace fathom {
namespace {

struct Case {
  const char* pattern;
  const char* text;
  bool matches;
};

class Glob : public testing::TestWithParam<Case> {};

TEST_P(Glob, AsTheKernelHasIt) {
  EXPECT_EQ(matches_glob(GetParam().pattern, GetParam().text), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Glob,
    testing::Values(Case{"", "", true}, Case{"", "a", false}, Case{"*", "", true}, Case{"*", "abc", true},
                    Case{"a", "a", true}, Case{"a", "b", false}, Case{"a", "aa", false},
                    Case{"vfs_*", "vfs_read", true}, Case{"vfs_*", "vfs_", true}, Case{"vfs_*", "do_vfs_read", false},
                    Case{"*_read", "vfs_read", true}, Case{"*_read", "vfs_readv", false},
                    Case{"*lock*", "raw_spin_lock_irq", true}, Case{"vfs_re?d", "vfs_read", true},
                    Case{"vfs_re?d", "vfs_red", false}, Case{"?", "", false}, Case{"a**b", "ab", true},
                    Case{"*a*b*c", "xaxbxbxc", true}, Case{"*ab", "aab", true}, Case{"*a*b*c", "xaxbxbx", false},
                    Case{"[rw]*", "write", true}, Case{"[rw]*", "open", false}, Case{"[a-c]", "b", true},
                    Case{"[a-c]", "d", false}, Case{"[!a-c]", "d", true}, Case{"[!a-c]", "b", false},
                    Case{"[!a]", "", false}, Case{"[]a]", "]", true}, Case{"[a-]", "-", true}, Case{"[a-]", "b", false},
                    Case{"[]-a]", "^", true}, Case{"[abc", "[abc", true}, Case{"[abc", "a", false},
                    Case{"a[", "a[", true}, Case{"\\*", "*", true}, Case{"\\*", "a", false}, Case{"a\\", "a\\", true},
                    Case{"\\[a]", "[a]", true}, Case{"[\xc0-\xff]", "\xe4", true}, Case{"[\xc0-\xff]", "a", false},
                    Case{"*[0-9]", "init_7", true}));

TEST(Glob, ManyStarsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i)
    pattern += "a*";
  const std::string text(2000, 'a');
  EXPECT_TRUE(matches_glob(pattern, text));
  EXPECT_FALSE(matches_glob(pattern + "b", text));
}

}  // namespace
}  // namespace fathom
