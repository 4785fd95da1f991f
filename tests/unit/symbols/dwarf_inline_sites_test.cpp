// Where functions were inlined, by the DWARF of a program that was made to have them.

#include "elf_support.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/dwarf_inline_sites.hpp>

#include <gtest/gtest.h>

namespace fathom {
namespace {

using test::Folder;
using test::program;

class InlineSitesOf : public testing::TestWithParam<const char*> {};

TEST_P(InlineSitesOf, CountsCopiesAndCalls) {
  const std::size_t before = test::open_descriptors();
  const DwarfInlineSites sites(program(GetParam()));
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_EQ(sites.source(), program(GetParam()));
  EXPECT_GE(sites.size(), 4);

  const auto inner = sites.find("inner");
  ASSERT_TRUE(inner);
  EXPECT_TRUE(inner->inlined_everywhere());
  EXPECT_EQ(inner->inlined_call_sites, 1);
  EXPECT_EQ(inner->callers, std::vector<std::string>{"middle"});
  const auto middle = sites.find("middle");
  ASSERT_TRUE(middle);
  EXPECT_EQ(middle->callers, std::vector<std::string>{"outer"});

  const auto outer = sites.find("outer");
  ASSERT_TRUE(outer);
  EXPECT_EQ(*outer, (InlineSummary{1, 0, {}}));
  EXPECT_EQ(sites.find("plain_function"), (InlineSummary{1, 0, {}}));

  EXPECT_FALSE(sites.find("no_such_function"));
  EXPECT_FALSE(sites.find(""));
  EXPECT_FALSE(sites.find("printf")) << "it is only declared here";
}

INSTANTIATE_TEST_SUITE_P(Kinds, InlineSitesOf, testing::Values("sample", "sample_dwarf4", "sample_compressed"),
                         [](const auto& test) { return std::string(test.param); });

TEST(DwarfInlineSites, KeepsAsManyCallersAsAsked) {
  const DwarfInlineSites sites(program("sample"), {.max_callers = 0});
  const auto inner = sites.find("inner");
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->inlined_call_sites, 1);
  EXPECT_TRUE(inner->callers.empty());
}

TEST(DwarfInlineSites, SaysWhatIsWrongWithAFile) {
  const Folder folder;
  const auto code_of = [](const std::string& path) -> std::error_code {
    try {
      const DwarfInlineSites sites(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.path(), path);
      return error.code();
    }
    return {};
  };
  EXPECT_EQ(code_of(folder.path("none")), std::errc::no_such_file_or_directory);
  EXPECT_EQ(code_of(folder.file("text", "text")), std::errc::executable_format_error);
  EXPECT_EQ(code_of(program("sample_stripped")), std::errc::executable_format_error);
}

}  // namespace
}  // namespace fathom
