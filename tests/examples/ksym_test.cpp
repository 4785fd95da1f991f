// The program ksym on a saved file: what it prints, what it says, how it ends.

#include "program_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace fathom {
namespace {

using nlohmann::json;
using test::ProgramRun;
using test::Ran;
using test::run_to_end;
using test::TestFolder;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kKallsyms =
    "ffffffff81000000 T _stext\n"
    "ffffffff81000000 T _text\n"
    "ffffffff81000010 t __pfx_vfs_read\n"
    "ffffffff81000020 T vfs_read\n"
    "ffffffff81000120 T vfs_readv\n"
    "ffffffff81000220 b vfs_zeros\n"
    "ffffffff81002000 T _etext\n"
    "ffffffff81003000 B _end\n"
    "ffffffffc0000000 T vfs_read\t[overlay]\n"
    "ffffffffc0000100 t ovl_open\t[overlay]\n";

Ran ksym(std::vector<std::string> arguments, std::string_view text = kKallsyms) {
  const TestFolder folder;
  std::vector<std::string> command = {FATHOM_TEST_KSYM, "--kallsyms", folder.file("kallsyms", text)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_to_end(command);
}

TEST(Ksym, NamesAnAddress) {
  const Ran ran = ksym({"0xffffffff81000028", "ffffffff81000000"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out,
            "ffffffff81000020    0x100 T vfs_read+0x8  (code, global)\n"
            "ffffffff81000000     0x10 T _stext  (code, global; also _text)\n");
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST(Ksym, FindsAllOfAName) {
  const Ran ran = ksym({"vfs_read"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out,
            "ffffffff81000020    0x100 T vfs_read  (code, global)\n"
            "ffffffffc0000000    0x100 T vfs_read [overlay]  (code of a module, exported)\n");
}

TEST(Ksym, FiltersByTypeSectionModuleAndLabel) {
  EXPECT_THAT(ksym({"*", "--type", "bss"}).out, HasSubstr("vfs_zeros"));
  EXPECT_EQ(ksym({"vfs_*", "--type", "b"}).out, "ffffffff81000220   0x1de0 b vfs_zeros  (zeroed data (BSS), local)\n");
  EXPECT_EQ(ksym({"*", "--module", "overlay", "--type", "t"}).out,
            "ffffffffc0000100        - t ovl_open [overlay]  (code of a module, not exported)\n");
  EXPECT_EQ(ksym({"vfs_read", "-m", "kernel"}).out, "ffffffff81000020    0x100 T vfs_read  (code, global)\n");
  EXPECT_EQ(ksym({"*vfs_read", "-m", "kernel", "--no-labels"}).out,
            "ffffffff81000020    0x100 T vfs_read  (code, global)\n");
}

TEST(Ksym, SaysWhatIsNearWhereNothingIsFound) {
  const Ran ran = ksym({"vfs_raed", "vfs_readv"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("ksym: no symbol for vfs_raed; nearest: vfs_read"));
  EXPECT_THAT(ran.out, HasSubstr("vfs_readv"));
  EXPECT_EQ(ksym({"0xffffffff81003001"}).status, 1);
}

TEST(Ksym, WritesJson) {
  const json found = json::parse(ksym({"--json", "0xffffffff81000028"}).out);
  EXPECT_EQ(found["query"], "0xffffffff81000028");
  ASSERT_EQ(found["symbols"].size(), 1U);
  EXPECT_EQ(found["symbols"][0]["name"], "vfs_read");
  EXPECT_EQ(found["symbols"][0]["offset"], 8);
  EXPECT_EQ(found["symbols"][0]["size"], 256);
  EXPECT_EQ(found["symbols"][0]["section"], "text");
  EXPECT_EQ(found["symbols"][0]["scope"], "global");
  const Ran none = ksym({"--json", "vfs_raed"});
  EXPECT_EQ(none.status, 1);
  EXPECT_TRUE(json::parse(none.out)["symbols"].empty());
  EXPECT_EQ(json::parse(none.out)["nearest"][0], "vfs_read");
}

TEST(Ksym, ASavedFileMayHideItsAddresses) {
  const Ran ran = ksym({"vfs_read"}, "0000000000000000 T vfs_read\n0000000000000000 T vfs_write\n");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "0000000000000000        - T vfs_read  (code, global)\n");
  EXPECT_THAT(ran.err, HasSubstr("hides its addresses"));
}

TEST(Ksym, ReadsStandardInputOnce) {
  for (const char* file : {"-", "/dev/stdin"}) {
    ProgramRun run({"/bin/sh", "-c",
                    "printf '0000000000000000 T vfs_read\\n' | " FATHOM_TEST_KSYM " --kallsyms " + std::string(file) +
                        " vfs_read"});
    EXPECT_EQ(run.status(), 0) << file;
    EXPECT_EQ(run.out(), "0000000000000000        - T vfs_read  (code, global)\n");
  }
}

TEST(Ksym, ANameDoesNotSteerTheTerminal) {
  const std::string text = "ffffffff81000000 T e\x1b]0;x\a\nffffffff81000000 T \x7f\t[m\x7f]\n";
  const Ran ran = ksym({"ffffffff81000000"}, text);
  EXPECT_THAT(ran.out, HasSubstr(R"(e\x1b]0;x\x07  ()"));
  EXPECT_THAT(ran.out, HasSubstr(R"(; also \x7f [m\x7f])"));
  EXPECT_THAT(ksym({"e\x1b]0;y"}, text).err, HasSubstr(R"(no symbol for e\x1b]0;y; nearest: e\x1b]0;x\x07)"));
}

TEST(Ksym, TellsOfLinesThatItSkipped) {
  const Ran ran = ksym({"vfs_read"}, std::string(kKallsyms) + "ffffffff8100");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("1 of 11 lines skipped, the first is line 11 (cut_line)"));
}

TEST(Ksym, WrongUsageAndWrongFiles) {
  EXPECT_EQ(ksym({}).status, 2);
  EXPECT_EQ(ksym({"x", "--type", "Tt1"}).status, 2);
  EXPECT_EQ(ksym({"x", "--nope"}).status, 2);
  EXPECT_EQ(ksym({"--help"}).status, 0);
  const Ran empty = ksym({"x"}, "");
  EXPECT_EQ(empty.status, 1);
  EXPECT_THAT(empty.err, HasSubstr("it is empty"));
  ProgramRun directory({FATHOM_TEST_KSYM, "--kallsyms", "/", "x"});
  EXPECT_EQ(directory.status(), 1);
  EXPECT_THAT(directory.err(), HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace fathom
