#include <fathom/symbols/process_map.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <profile/address_spaces.hpp>
#include <string>

namespace fathom::profile {
namespace {

constexpr std::uint32_t kPid = 10;

MapRecord map(std::uint64_t start, std::uint64_t end, std::uint64_t offset, const std::string& path) {
  return {.pid = kPid, .address = start, .length = end - start, .offset = offset, .path = path};
}

// "PATH+OFFSET" of an address, or "-".
std::string at(const AddressSpaces& spaces, std::uint64_t address, std::uint32_t pid = kPid) {
  const CodeMapping* const found = spaces.find(pid, address);
  return found == nullptr ? "-" : found->path + '+' + std::to_string(address - found->start + found->offset);
}

TEST(AddressSpaces, OnlyCodeIsLoaded) {
  AddressSpaces spaces;
  EXPECT_FALSE(spaces.knows(kPid));
  EXPECT_EQ(spaces.generation(kPid), 0U);
  spaces.load(kPid,
              parse_maps("00001000-00002000 r-xp 00003000 fe:01 7   /bin/a\n"
                         "00002000-00003000 rw-p 00004000 fe:01 7   /bin/a\n"),
              {kPid});
  EXPECT_TRUE(spaces.knows(kPid));
  EXPECT_EQ(at(spaces, 0x0fff), "-");
  EXPECT_EQ(at(spaces, 0x1000), "/bin/a+12288");
  EXPECT_EQ(at(spaces, 0x1fff), "/bin/a+16383");
  EXPECT_EQ(at(spaces, 0x2000), "-");
  EXPECT_EQ(spaces.find(kPid, 0x1000)->inode, 7U);
  EXPECT_EQ(spaces.find(kPid, 0x1000)->dev_major, 0xfeU);
}

TEST(AddressSpaces, ANewMappingCoversWhatWasThere) {
  struct Case {
    std::uint64_t start, end;
    std::string left, inside, right;  // at 120, 150 and 180
  };
  // Over /old from 100 to 200, whose offset is 1000.
  const std::vector<Case> cases = {
      {100, 200, "/new+20", "/new+50", "/new+80"},      {90, 210, "/new+30", "/new+60", "/new+90"},
      {140, 160, "/old+1020", "/new+10", "/old+1080"},  {100, 160, "/new+20", "/new+50", "/old+1080"},
      {140, 200, "/old+1020", "/new+10", "/new+40"},    {200, 300, "/old+1020", "/old+1050", "/old+1080"},
      {50, 100, "/old+1020", "/old+1050", "/old+1080"},
  };
  for (const Case& c : cases) {
    AddressSpaces spaces;
    spaces.apply(map(100, 200, 1000, "/old"));
    spaces.apply(map(c.start, c.end, 0, "/new"));
    EXPECT_EQ(at(spaces, 120), c.left) << c.start << '-' << c.end;
    EXPECT_EQ(at(spaces, 150), c.inside) << c.start << '-' << c.end;
    EXPECT_EQ(at(spaces, 180), c.right) << c.start << '-' << c.end;
  }
}

TEST(AddressSpaces, SeveralAreCoveredAtOnce) {
  AddressSpaces spaces;
  for (std::uint64_t i = 0; i < 5; ++i)
    spaces.apply(map(100 * i, 100 * i + 100, 0, "/" + std::to_string(i)));
  spaces.apply(map(150, 350, 0, "/new"));
  EXPECT_EQ(at(spaces, 149), "/1+49");
  EXPECT_EQ(at(spaces, 150), "/new+0");
  EXPECT_EQ(at(spaces, 349), "/new+199");
  EXPECT_EQ(at(spaces, 350), "/3+50");
  EXPECT_EQ(at(spaces, 400), "/4+0");
}

TEST(AddressSpaces, AChildHasItsParentsUntilEitherChanges) {
  AddressSpaces spaces;
  spaces.apply(map(100, 200, 0, "/a"));
  spaces.apply(ForkRecord{.pid = 11, .tid = 11, .parent = kPid});
  EXPECT_EQ(at(spaces, 150, 11), "/a+50");
  spaces.apply(map(300, 400, 0, "/parent"));
  EXPECT_EQ(at(spaces, 300, 11), "-");
  EXPECT_EQ(at(spaces, 300), "/parent+0");
  EXPECT_EQ(at(spaces, 150, 11), "/a+50");
  spaces.apply(ExecRecord{.pid = 11});
  EXPECT_EQ(at(spaces, 150, 11), "-");
  EXPECT_EQ(at(spaces, 150), "/a+50");
}

TEST(AddressSpaces, ThreadsAndStrangersChangeNothing) {
  AddressSpaces spaces;
  spaces.apply(map(100, 200, 0, "/a"));
  const std::uint64_t generation = spaces.generation(kPid);
  spaces.apply(ForkRecord{.pid = kPid, .tid = 11, .parent = kPid});
  spaces.apply(ForkRecord{.pid = 12, .tid = 12, .parent = 99});
  EXPECT_EQ(spaces.generation(kPid), generation);
  EXPECT_FALSE(spaces.knows(12));
}

TEST(AddressSpaces, AProcessIsForgottenWithItsLastThread) {
  AddressSpaces spaces;
  spaces.load(kPid, parse_maps("00001000-00002000 r-xp 00000000 fe:01 7   /bin/a\n"), {kPid, 11});
  spaces.apply(ForkRecord{.pid = kPid, .tid = 12, .parent = kPid});
  for (const std::uint32_t tid : {kPid, 11U}) {  // the first one, too, may end before the others
    spaces.apply(ExitRecord{.pid = kPid, .tid = tid});
    EXPECT_EQ(at(spaces, 0x1000), "/bin/a+0") << tid;
  }
  spaces.apply(ExitRecord{.pid = kPid, .tid = 12});
  EXPECT_FALSE(spaces.knows(kPid));
  EXPECT_EQ(at(spaces, 0x1000), "-");
}

TEST(AddressSpaces, WhoExecsIsTheOnlyThreadLeft) {
  AddressSpaces spaces;
  spaces.load(kPid, {}, {kPid, 11});
  spaces.apply(ExecRecord{.pid = kPid});  // thread 11 called it, and has the number of the first one now
  spaces.apply(map(100, 200, 0, "/b"));
  spaces.apply(ExitRecord{.pid = kPid, .tid = kPid});
  EXPECT_FALSE(spaces.knows(kPid));
}

TEST(AddressSpaces, OfAProcessThatWasNotListedOneThreadIsKnown) {
  AddressSpaces spaces;
  spaces.apply(map(100, 200, 0, "/a"));
  spaces.apply(ExitRecord{.pid = kPid, .tid = 11});
  EXPECT_TRUE(spaces.knows(kPid));
  spaces.apply(ExitRecord{.pid = kPid, .tid = kPid});
  EXPECT_FALSE(spaces.knows(kPid));
  spaces.apply(ExitRecord{.pid = kPid, .tid = kPid});  // nobody's
}

TEST(AddressSpaces, ProcessesThatComeAndGoLeaveNothing) {
  AddressSpaces spaces;
  spaces.load(kPid, parse_maps("00001000-00002000 r-xp 00000000 fe:01 7   /bin/sh\n"), {kPid});
  constexpr std::uint32_t kProcesses = 50'000;
  for (std::uint32_t pid = kPid + 1; pid < kPid + kProcesses; ++pid) {
    spaces.apply(ForkRecord{.pid = pid, .tid = pid, .parent = kPid});
    ASSERT_EQ(at(spaces, 0x1000, pid), "/bin/sh+0");
    spaces.apply(ExecRecord{.pid = pid});
    MapRecord mapped = map(100, 200, 0, "/bin/true");
    mapped.pid = pid;
    spaces.apply(mapped);
    ASSERT_EQ(at(spaces, 100, pid), "/bin/true+0");
    spaces.apply(ExitRecord{.pid = pid, .tid = pid});
  }
  for (std::uint32_t pid = kPid + 1; pid < kPid + kProcesses; ++pid)
    ASSERT_FALSE(spaces.knows(pid));
  EXPECT_EQ(at(spaces, 0x1000), "/bin/sh+0");
}

TEST(AddressSpaces, GenerationsTellChangesApart) {
  AddressSpaces spaces;
  spaces.apply(map(100, 200, 0, "/a"));
  const std::uint64_t first = spaces.generation(kPid);
  spaces.apply(ExecRecord{.pid = kPid});
  const std::uint64_t second = spaces.generation(kPid);
  spaces.apply(map(100, 200, 0, "/b"));
  EXPECT_NE(first, second);
  EXPECT_NE(second, spaces.generation(kPid));
}

TEST(AddressSpaces, NumbersThatCannotBeArePassedOver) {
  AddressSpaces spaces;
  spaces.apply(MapRecord{.pid = kPid, .address = 100, .length = 0, .path = "/a"});
  spaces.apply(
      MapRecord{.pid = kPid, .address = 100, .length = std::numeric_limits<std::uint64_t>::max(), .path = "/a"});
  EXPECT_FALSE(spaces.knows(kPid));
}

TEST(AddressSpaces, WhatHasNames) {
  EXPECT_TRUE((CodeMapping{.path = "/bin/sh"}).has_code_file());
  EXPECT_FALSE((CodeMapping{.path = "//anon"}).has_code_file());
  EXPECT_FALSE((CodeMapping{.path = ""}).has_code_file());
  EXPECT_FALSE((CodeMapping{.path = "[heap]"}).has_code_file());
  EXPECT_TRUE((CodeMapping{.start = 0x7ffff7fc1000, .path = "[vdso]"}).has_code_file());
  EXPECT_FALSE((CodeMapping{.start = 0xf7fc1000, .path = "[vdso]"}).has_code_file()) << "a 32-bit process's";
}

}  // namespace
}  // namespace fathom::profile
