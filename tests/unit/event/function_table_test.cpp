#include <fathom/event/function_table.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace fathom {
namespace {

TEST(FunctionTable, OneNumberForAFunction) {
  FunctionTable table;
  const FunctionId read = table.intern("vfs_read");
  const FunctionId write = table.intern("vfs_write");
  EXPECT_NE(read, write);
  EXPECT_EQ(table.intern("vfs_read"), read);
  EXPECT_EQ(table[read].name, "vfs_read");
  EXPECT_EQ(table[read].module, "");
  EXPECT_EQ(table.size(), 2U);
}

TEST(FunctionTable, TheModuleIsPartOfTheFunction) {
  FunctionTable table;
  const FunctionId kernel = table.intern("init");
  const FunctionId module = table.intern("init", "overlay");
  EXPECT_NE(kernel, module);
  EXPECT_EQ(table[module].module, "overlay");
  // The same bytes, cut elsewhere, are another function.
  EXPECT_NE(table.intern("initover", "lay"), table.intern("init", "overlay"));
}

TEST(FunctionTable, ManyFunctionsStayFindable) {
  FunctionTable table;
  for (int i = 0; i < 20000; ++i)
    ASSERT_EQ(table.intern("function_" + std::to_string(i)), FunctionId(i));
  for (int i = 0; i < 20000; ++i)
    ASSERT_EQ(table.find("function_" + std::to_string(i)), FunctionId(i));
  EXPECT_EQ(table.find("function_20000"), FunctionId::unknown);
  EXPECT_GT(table.allocated_bytes(), 20000U * 12);
}

TEST(FunctionTable, MovingKeepsViews) {
  FunctionTable table;
  const FunctionId id = table.intern("schedule");
  const std::string_view name = table[id].name;
  const FunctionTable moved = std::move(table);
  EXPECT_EQ(moved[id].name.data(), name.data());
}

TEST(FunctionTable, TheUnknownFunctionHasNoName) {
  const FunctionTable table;
  EXPECT_EQ(table.find("x"), FunctionId::unknown);
  EXPECT_EQ(table[FunctionId::unknown].name, "");
}

TEST(FunctionTable, TakesAnyBytesAndLengths) {
  FunctionTable table;
  const std::string long_name(40000, 'x');
  const FunctionId a = table.intern(long_name);
  const FunctionId b = table.intern(std::string("a\0b", 3));
  const FunctionId c = table.intern("a");
  EXPECT_EQ(table[a].name, long_name);
  EXPECT_EQ(table[b].name.size(), 3U);
  EXPECT_NE(b, c);
}

}  // namespace
}  // namespace fathom
