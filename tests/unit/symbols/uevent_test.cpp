#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <symbols/uevent.hpp>

namespace fathom::symbols {
namespace {

using namespace std::literals;

// As the kernel writes it: a NUL behind each line.
std::string message(std::string_view lines) {
  std::string text(lines);
  for (char& c : text)
    c = c == '\n' ? '\0' : c;
  return text;
}

TEST(Uevent, AModuleComes) {
  const std::string text =
      message("add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=1234\n");
  const auto uevent = parse_uevent(text);
  ASSERT_TRUE(uevent);
  EXPECT_EQ(uevent->action, "add");
  EXPECT_EQ(uevent->devpath, "/module/dummy");
  EXPECT_EQ(uevent->subsystem, "module");
  EXPECT_EQ(uevent->seqnum, 1234U);
  EXPECT_FALSE(uevent->synthetic);
  EXPECT_EQ(module_of(uevent->devpath), "dummy");
}

TEST(Uevent, OneThatSomebodyAskedForSaysSo) {
  const auto uevent =
      parse_uevent(message("add@/module/loop\nACTION=add\nDEVPATH=/module/loop\nSUBSYSTEM=module\n"
                           "SYNTH_UUID=0\nSEQNUM=7\n"));
  ASSERT_TRUE(uevent);
  EXPECT_TRUE(uevent->synthetic);
}

TEST(Uevent, OtherKeysAndEmptyValuesAreFine) {
  const auto uevent =
      parse_uevent(message("change@/devices/x\nACTION=change\nDEVPATH=/devices/x\nSUBSYSTEM=block\n"
                           "MAJOR=7\nDEVNAME=\nPARTN=a=b\nMAJOR=7\nSEQNUM=18446744073709551615\n"));
  ASSERT_TRUE(uevent);
  EXPECT_EQ(uevent->seqnum, ~std::uint64_t{0});
}

TEST(Uevent, WhatIsNoneIsNothing) {
  const std::string_view bad[] = {
      "",
      "\n",
      "libudev\n",
      "@/module/dummy\nACTION=\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=1\n",
      "add@/module/dummy\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSEQNUM=1\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=-1\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=18446744073709551616\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=1x\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=1",  // cut
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nnonsense\nSEQNUM=1\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\n=x\nSEQNUM=1\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\n\nSEQNUM=1\n",
      "add@/module/dummy\nACTION=remove\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSEQNUM=1\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/other\nSUBSYSTEM=module\nSEQNUM=1\n",
      "add@/module/dummy\nACTION=add\nDEVPATH=/module/dummy\nSUBSYSTEM=module\nSUBSYSTEM=block\nSEQNUM=1\n",
      "add@module/dummy\nACTION=add\nDEVPATH=module/dummy\nSUBSYSTEM=module\nSEQNUM=1\n",
      "add@\nACTION=add\nDEVPATH=\nSUBSYSTEM=module\nSEQNUM=1\n",
  };
  for (const std::string_view lines : bad)
    EXPECT_FALSE(parse_uevent(message(lines))) << lines;
}

TEST(Uevent, ModulesHaveAPathOfTheirOwn) {
  EXPECT_EQ(module_of("/module/nf_conntrack"), "nf_conntrack");
  for (const std::string_view path : {"", "/module/", "/module", "/module/a/b", "/devices/module/a", "module/a"})
    EXPECT_FALSE(module_of(path)) << path;
}

}  // namespace
}  // namespace fathom::symbols
