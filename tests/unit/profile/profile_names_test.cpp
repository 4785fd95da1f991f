#include <fathom/output/folded_text.hpp>
#include <fathom/profile/profile_names.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace fathom {
namespace {

using namespace std::chrono_literals;

std::string text(const NamedProfile& named, ProfileWeight weight = ProfileWeight::count) {
  std::ostringstream out;
  write_folded(out, named.folded(weight));
  return out.str();
}

ProfileNames names() {
  return {.kernel =
              [](std::uint64_t address, bool is_return) {
                if (address == 1)
                  return std::string("__schedule");
                return address < 100 ? "k" + std::to_string(address - (is_return ? 1 : 0)) : std::string();
              },
          .user =
              [](const ProfileFile& file, std::uint64_t offset, bool is_return) {
                std::vector<std::string> found;
                if (offset < 100)
                  found = {"inlined", file.path + std::to_string(offset - (is_return ? 1 : 0))};
                return found;
              }};
}

UserFrame in_file(std::uint64_t offset) {
  return {.address = 0x1000 + offset, .file = 0, .offset = offset};
}

TEST(ProfileNames, OutermostFirstAndTheTaskBefore) {
  Profile profile;
  profile.files = {{.path = "/a"}, {.path = "/usr/lib/b.so"}, {.path = "[vdso]"}};
  profile.entries = {{.task = {.pid = 1, .tid = 2, .comm = "sh"},
                      .kernel = {10, 20, 1000},
                      .user = {in_file(5),
                               in_file(7),
                               {.address = 1, .file = 1, .offset = 500},
                               {.address = 2, .file = 2, .offset = 500},
                               {.address = 3},
                               {.address = 4, .file = 9}},
                      .count = 4}};
  EXPECT_EQ(text(name_profile(profile, names())),
            "sh;[unknown];[unknown];[vdso];[b.so];/a6;inlined;/a5;inlined;[kernel]_[k];k19_[k];k10_[k] 4\n");
  EXPECT_EQ(text(name_profile(profile, {}, {.threads = true, .kernel_suffix = ""})),
            "sh-1/2;[unknown];[unknown];[vdso];[b.so];[a];[a];[kernel];[kernel];[kernel] 4\n");
}

TEST(ProfileNames, WhatLooksTheSameIsOne) {
  Profile profile;
  for (const std::uint64_t address : {10U, 20U, 10U}) {
    profile.entries.push_back(
        {.task = {.pid = 1, .tid = 2, .comm = "sh"}, .kernel = {address}, .count = 2, .time = 3ms, .waiting = 1ms});
  }
  const NamedProfile named = name_profile(profile, names());
  EXPECT_EQ(text(named), "sh;k10_[k] 4\nsh;k20_[k] 2\n");
  EXPECT_EQ(text(named, ProfileWeight::time), "sh;k10_[k] 6000\nsh;k20_[k] 3000\n");
  EXPECT_EQ(text(named, ProfileWeight::waiting), "sh;k10_[k] 2000\nsh;k20_[k] 1000\n");
}

TEST(ProfileNames, TheTracepointIsLeftOutOffCpuOnly) {
  Profile profile;
  profile.entries = {{.task = {.comm = "sh"}, .kernel = {200, 300, 1, 50}, .count = 1},
                     {.task = {.comm = "no"}, .kernel = {200, 300, 50}, .count = 1}};
  EXPECT_EQ(text(name_profile(profile, names())),
            "no;k49_[k];[kernel]_[k];[kernel]_[k] 1\nsh;k49_[k];__schedule_[k];[kernel]_[k];[kernel]_[k] 1\n");
  profile.kind = ProfileKind::off_cpu;
  EXPECT_EQ(text(name_profile(profile, names())),
            "no;k49_[k];[kernel]_[k];[kernel]_[k] 1\nsh;k49_[k];__schedule_[k] 1\n");
}

TEST(ProfileNames, AStateIsInnermostIfAsked) {
  Profile profile{.kind = ProfileKind::off_cpu};
  const auto entry = [](std::uint32_t bits, bool preempted, std::uint64_t count) {
    return ProfileEntry{.task = {.comm = "sh"},
                        .kernel = {1, 50},
                        .count = count,
                        .state = OffCpuState{.raw = {bits}, .preempted = preempted}};
  };
  profile.entries = {entry(1, false, 2), entry(0x2001, false, 3), entry(2, false, 4), entry(0, true, 5)};
  EXPECT_EQ(text(name_profile(profile, names())), "sh;k49_[k];__schedule_[k] 14\n");
  ProfileNames with_state = names();
  with_state.state = [](const OffCpuState& state) {
    return state.preempted ? std::string("[R+]") : state.raw.bits == 2 ? "[D]" : "[S]";
  };
  EXPECT_EQ(text(name_profile(profile, with_state)),
            "sh;k49_[k];__schedule_[k];[D] 4\nsh;k49_[k];__schedule_[k];[R+] 5\nsh;k49_[k];__schedule_[k];[S] 5\n");
  profile.entries[0].state.reset();  // of a profile on CPU there is none
  profile.entries.resize(1);
  EXPECT_EQ(text(name_profile(profile, with_state)), "sh;k49_[k];__schedule_[k] 2\n");
}

TEST(ProfileNames, KallsymsNamesReturnAddressesByTheirCalls) {
  const auto kallsyms = KallsymsIndex::parse(
      "ffffffff81000000 T _stext\nffffffff81000010 t caller\nffffffff81000020 t callee\nffffffff81001000 T _etext\n");
  Profile profile;
  profile.entries = {{.task = {.comm = "sh"}, .kernel = {0xffffffff81000020, 0xffffffff81000020}, .count = 1}};
  EXPECT_EQ(text(name_profile(profile, {.kernel = kernel_names(kallsyms)})), "sh;caller_[k];callee_[k] 1\n");
}

}  // namespace
}  // namespace fathom
