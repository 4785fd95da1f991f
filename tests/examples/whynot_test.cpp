#include "program_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fathom::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

class Whynot : public ::testing::Test {
 protected:
  Whynot() {
    for (const char* directory : {"proc/sys/kernel", "sys/kernel/tracing", "sys/kernel/debug/kprobes", "boot"})
      std::filesystem::create_directories(root_.path(directory));
    static_cast<void>(root_.file("proc/kallsyms",
                                 "ffffffff81000000 T _stext\n"
                                 "ffffffff81000100 T vfs_read\n"
                                 "ffffffff81000200 T do_int3\n"
                                 "ffffffff81000300 t shrunk.isra.0\n"
                                 "ffffffff81000400 T register_kprobe\n"
                                 "ffffffff81100000 T _end\n"
                                 "ffffffffc0000000 t inside\t[loaded]\n"));
    static_cast<void>(root_.file("proc/sys/kernel/osrelease", "6.12.0\n"));
    static_cast<void>(root_.file("boot/config-6.12.0", "CONFIG_KPROBES=y\n"));
    static_cast<void>(root_.file("sys/kernel/tracing/available_filter_functions",
                                 "vfs_read\ndo_int3\nshrunk.isra.0\ninside [loaded]\n"));
    static_cast<void>(root_.file("sys/kernel/tracing/kprobe_events", ""));
    static_cast<void>(root_.file("sys/kernel/tracing/available_tracers", "function nop\n"));
    static_cast<void>(
        root_.file("sys/kernel/debug/kprobes/blacklist", "0xffffffff81000200-0xffffffff81000280\tdo_int3\n"));
  }

  std::vector<std::string> command(std::vector<std::string> arguments) {
    std::vector<std::string> all = {FATHOM_TEST_WHYNOT, "--root", root_.path("").string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  TestFolder root_;
};

TEST_F(Whynot, SaysForEachMechanismWhetherAndWhy) {
  ProgramRun run(command({"do_int3"}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.out(), HasSubstr("do_int3\n  ftrace        yes\n  kprobe        no: is on the blacklist of kprobes"));
  EXPECT_THAT(run.out(), HasSubstr("kprobe.multi  no: cannot be traced so by this kernel"));
  EXPECT_THAT(run.err(), HasSubstr("btf/vmlinux: No such file or directory"));
}

TEST_F(Whynot, APartIsEnoughAndFollowsIndented) {
  ProgramRun run(command({"shrunk"}));
  EXPECT_EQ(run.status(), 0);
  EXPECT_THAT(run.out(), HasSubstr("shrunk\n  ftrace        no: exists only as what the compiler made of it"));
  EXPECT_THAT(run.out(), HasSubstr("\n  shrunk.isra.0\n    ftrace        yes\n"));
}

TEST_F(Whynot, WhatCannotBeTracedIsAFailureWithTheNearest) {
  ProgramRun run(command({"vfs_read", "vfs_raed"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.out(), HasSubstr("nearest: vfs_read"));
}

TEST_F(Whynot, JsonIsAnObjectALine) {
  ProgramRun run(command({"--json", "--module", "loaded", "inside"}));
  EXPECT_EQ(run.status(), 0);
  const Json json = Json::parse(run.out());
  EXPECT_EQ(json["function"], "inside");
  EXPECT_EQ(json["module"], "loaded");
  EXPECT_EQ(json["verdicts"]["ftrace"]["answer"], "yes");
  EXPECT_EQ(json["verdicts"]["kprobe_multi"]["reasons"][0]["kind"], "not_in_kernel");
  EXPECT_TRUE(json["traceable"]);
  EXPECT_TRUE(json["parts"].empty());
}

TEST_F(Whynot, SymbolsMayComeFromAnotherFile) {
  const std::string other = root_.file("other", "ffffffff81000000 T _stext\nffffffff81000100 D vfs_read\n");
  ProgramRun run(command({"--json", "--kallsyms", other, "do_int3"}));
  EXPECT_EQ(run.status(), 0) << "ftrace lists it all the same";
  EXPECT_EQ(Json::parse(run.out())["verdicts"]["kprobe"]["reasons"][0]["kind"], "not_in_kernel");
}

TEST_F(Whynot, WithoutTracefsNothingIsANoAndTheRemedyIsTold) {
  std::filesystem::remove_all(root_.path("sys/kernel/tracing"));
  ProgramRun run(command({"vfs_read"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.out(), HasSubstr("  ftrace        unknown: may or may not be"));
  EXPECT_THAT(run.out(), HasSubstr("  kprobe        unknown: may or may not be"));
  EXPECT_THAT(run.err(), HasSubstr("mount -t tracefs"));
}

TEST_F(Whynot, ANameDoesNotSteerTheTerminal) {
  ProgramRun run(command({"a\x1b]0;x\a"}));
  EXPECT_EQ(run.status(), 1);
  EXPECT_THAT(run.out(), HasSubstr(R"(a\x1b]0;x\x07)"));
}

TEST_F(Whynot, WrongUsageIsTwo) {
  ProgramRun none(command({}));
  EXPECT_EQ(none.status(), 2);
  ProgramRun empty(command({"vfs_read", ""}));
  EXPECT_EQ(empty.status(), 2);
  EXPECT_THAT(empty.out(), IsEmpty());
  ProgramRun unknown(command({"--nonsense", "vfs_read"}));
  EXPECT_EQ(unknown.status(), 2);
  EXPECT_THAT(unknown.out(), IsEmpty());
  ProgramRun help({FATHOM_TEST_WHYNOT, "--help"});
  EXPECT_EQ(help.status(), 0);
  EXPECT_THAT(help.out(), HasSubstr("Exit status"));
}

}  // namespace
}  // namespace fathom::test
