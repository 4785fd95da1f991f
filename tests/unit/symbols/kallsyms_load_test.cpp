// Files: what is read from where, and what is said if it cannot be.

#include <fathom/base/error.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fathom {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class KallsymsLoad : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "fathom-kallsyms-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  std::filesystem::path folder_;
};

Error error_of(const KallsymsOptions& options) {
  try {
    static_cast<void>(KallsymsIndex::load(options));
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {0, "fail"};
}

TEST_F(KallsymsLoad, ReadsAFileOfAnySizeAsParseDoes) {
  std::string text;
  for (unsigned i = 0; i < 20'000; ++i) {
    char line[80];
    std::snprintf(line, sizeof line, "%016lx t function_%u%s\n", 0xffff'ffff'8100'0000 + 16UL * i, i,
                  i % 3 == 0 ? "\t[module]" : "");
    text += line;
  }
  const auto loaded = KallsymsIndex::load({.path = file("kallsyms", text)});
  const auto parsed = KallsymsIndex::parse(text);
  ASSERT_EQ(loaded.size(), 20'000U);
  EXPECT_EQ(loaded.stats().parsed_bytes, text.size());
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    ASSERT_EQ(loaded.symbols()[at].name(), parsed.symbols()[at].name());
    ASSERT_EQ(loaded.symbols()[at].address(), parsed.symbols()[at].address());
    ASSERT_EQ(loaded.symbols()[at].module(), parsed.symbols()[at].module());
  }
}

TEST_F(KallsymsLoad, HiddenAddressesAreAnErrorThatNamesTheSettings) {
  const std::string path = file("kallsyms", "0000000000000000 T _stext\n0000000000000000 T f\n");
  const Error error = error_of({.path = path,
                                .kptr_restrict_path = file("kptr_restrict", "1\n"),
                                .perf_event_paranoid_path = file("perf_event_paranoid", "3\n")});
  EXPECT_EQ(error.code(), std::errc::permission_denied);
  EXPECT_EQ(error.path(), path);
  EXPECT_THAT(error.hint(), HasSubstr("kptr_restrict is 1"));
  EXPECT_THAT(error.hint(), HasSubstr("perf_event_paranoid 3"));
  EXPECT_THAT(error.hint(), HasSubstr("CAP_SYSLOG"));
  const Error always = error_of({.path = path,
                                 .kptr_restrict_path = file("kptr_restrict", "2\n"),
                                 .perf_event_paranoid_path = folder_ / "absent"});
  EXPECT_THAT(always.hint(), HasSubstr("hides them from everyone"));
  EXPECT_THAT(always.hint(), HasSubstr("perf_event_paranoid unknown"));
}

TEST_F(KallsymsLoad, WhatIsNoSuchFileIsAnError) {
  EXPECT_EQ(error_of({.path = folder_}).code(), std::errc::is_a_directory);
  EXPECT_EQ(error_of({.path = folder_ / "absent"}).code(), std::errc::no_such_file_or_directory);
  EXPECT_THAT(error_of({.path = file("empty", "")}).hint(), HasSubstr("empty"));
  EXPECT_THAT(error_of({.path = file("prose", "hello\nworld\n")}).hint(), HasSubstr("T _stext"));
  EXPECT_THAT(error_of({.path = folder_ / "absent"}).hint(), IsEmpty()) << "CONFIG_KALLSYMS brings another file";
}

TEST_F(KallsymsLoad, FilesThatNeverEndAreGivenUp) {
  EXPECT_THAT(error_of({.path = "/dev/zero"}).hint(), HasSubstr("T _stext"));
  const std::string lines(4UL << 20U, '\n');
  EXPECT_THAT(error_of({.path = file("lines", lines)}).hint(), HasSubstr("T _stext"));
  EXPECT_THAT(error_of({.path = file("line", "ffffffff81000000 T f\n" + std::string(4UL << 20U, 'x'))}).hint(),
              HasSubstr("T _stext"));
}

TEST_F(KallsymsLoad, HiddenAddressesMayBeAllowed) {
  const auto index = KallsymsIndex::load(
      {.path = file("kallsyms", "0000000000000000 T _stext\n0000000000000000 t f\t[m]\n"), .allow_hidden = true});
  EXPECT_EQ(index.visibility(), KallsymsVisibility::hidden);
  EXPECT_EQ(index.only("f")->module(), "m");
  EXPECT_EQ(error_of({.path = file("empty", ""), .allow_hidden = true}).code(), std::errc::no_message_available);
}

TEST_F(KallsymsLoad, AFileWithoutRightsIsAnError) {
  const std::string path = file("kallsyms", "ffffffff81000000 T f\n");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  constexpr ::uid_t kNobody = 65534;
  const ::uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? kNobody : user), 0);  // root may read everything
  const Error error = error_of({.path = path});
  ASSERT_EQ(::seteuid(user), 0);
  EXPECT_EQ(error.code(), std::errc::permission_denied);
  EXPECT_EQ(error.path(), path);
}

}  // namespace
}  // namespace fathom
