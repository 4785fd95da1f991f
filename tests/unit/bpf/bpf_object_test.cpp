#include "bpf/object_sections.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_object.hpp>

#include <gmock/gmock.h>

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fathom-bpf/calls.bpf.hpp>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfObject;
using testing::HasSubstr;

template <class Call>
BpfError error_of(Call call) {
  try {
    call();
  } catch (const BpfError& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return BpfError({.errno_value = 0, .operation = "fail"});
}

struct Wrong {
  std::string file;
  std::string told;
};

class BpfObjectWrong : public testing::TestWithParam<Wrong> {};

TEST_P(BpfObjectWrong, IsToldAtOpen) {
  const std::string path =
      GetParam().file.starts_with('/') ? GetParam().file : FATHOM_TEST_WRONG_BPF "/" + GetParam().file;
  const BpfError error = error_of([&] { (void)BpfObject::open(path); });
  EXPECT_EQ(error.cause(), BpfCause::bad_object);
  EXPECT_EQ(error.operation(), "open");
  EXPECT_EQ(error.path(), path);
  EXPECT_THAT(error.what(), HasSubstr(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(
    , BpfObjectWrong,
    testing::Values(Wrong{"/nonexistent.bpf.o", "/nonexistent.bpf.o: No such file"},
                    Wrong{"/etc/passwd", "not an ELF file"}, Wrong{"/dev/null", "not a regular file"},
                    Wrong{"/dev/zero", "not a regular file"}, Wrong{"/", "Is a directory"},
                    Wrong{"/proc/self/comm", "not an ELF file: it has "}, Wrong{"empty.c", "not an ELF file"},
                    Wrong{"machine.o", "for another machine"}, Wrong{"other_order.o", "for the other byte order"},
                    Wrong{"no_btf.o", "compile it with -g"}, Wrong{"nothing.o", "neither programs nor maps"}));

TEST(BpfObject, AFileOfAnySizeIsNotRead) {
  const std::string path = testing::TempDir() + "fathom-large.bpf.o." + std::to_string(::getpid());
  std::ofstream(path).close();
  std::filesystem::resize_file(path, (256UL << 20) + 1);
  const BpfError error = error_of([&] { (void)BpfObject::open(path); });
  std::filesystem::remove(path);
  EXPECT_EQ(error.code().value(), EFBIG) << error.what();
  EXPECT_EQ(error.path(), path);
}

TEST(BpfObject, APipeThatNobodyWritesToIsNotWaitedFor) {
  const std::string path = testing::TempDir() + "fathom-pipe.bpf.o." + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const BpfError error = error_of([&] { (void)BpfObject::open(path); });
  std::filesystem::remove(path);
  EXPECT_THAT(error.hint(), HasSubstr("not a regular file"));
}

TEST(BpfObject, ListsWhatCanBeEdited) {
  BpfObject object = BpfObject::open(calls::object);
  EXPECT_EQ(object.name(), "calls");
  ASSERT_EQ(object.programs().size(), 3U);
  const fathom::ProgramSpec& btf = object.program("on_btf");
  EXPECT_EQ(btf.section, "tp_btf/sys_enter");
  EXPECT_EQ(btf.attach_target, "sys_enter");
  EXPECT_EQ(btf.type, fathom::BpfProgramType::tracing);
  EXPECT_EQ(btf.expected_attach_type, fathom::BpfAttachType::trace_raw_tp);
  EXPECT_TRUE(btf.autoload);
  const fathom::MapSpec& totals = object.map("totals");
  EXPECT_EQ(totals.type, fathom::BpfMapType::hash);
  EXPECT_EQ(totals.value_size, sizeof(struct calls::total));
  EXPECT_TRUE(object.map(".rodata").is_global_data);
  fathom::VariableSpec& target = object.variable("target_pid");
  EXPECT_EQ(target.section, ".rodata");
  EXPECT_TRUE(target.read_only());
  EXPECT_EQ(target.get<std::int32_t>(), -1);
  target.set(std::int32_t{7});
  EXPECT_EQ(object.variable("target_pid").get<std::int32_t>(), 7);
  EXPECT_EQ(object.variable("flags").value.size(), 12U);
}

TEST(BpfObject, NamesTheNearestOfAWrongName) {
  BpfObject object = BpfObject::open(calls::object);
  EXPECT_STREQ(error_of([&] { (void)object.program("on_entre"); }).what(),
               "cannot find the program on_entre of calls: No such file or directory (nearest: on_enter)");
  EXPECT_THAT(error_of([&] { (void)object.map("total"); }).hint(), HasSubstr("totals"));
  EXPECT_THAT(error_of([&] { object.variable("target_pid").set<std::int64_t>(1); }).hint(),
              HasSubstr("int of 4 bytes, the C++ type has 8"));
}

// Every cut of a good object, and every byte of its head changed: opened or refused, never worse.
TEST(BpfObject, DamagedBytesAreRefusedOrRead) {
  const std::span<const std::byte> good = calls::object.bytes;
  std::size_t refused = 0;
  for (std::size_t size = 0; size < good.size(); size += 61) {
    try {
      (void)BpfObject::open(good.first(size), {});
    } catch (const BpfError& error) {
      ++refused;
      EXPECT_EQ(error.cause(), BpfCause::bad_object);
    }
  }
  EXPECT_EQ(refused, (good.size() + 60) / 61);
}

// Ids, offsets and kinds that cannot be, each in an object that is sound else.
TEST(BpfObject, DamagedTypesAreRefusedOrRead) {
  std::vector<std::byte> bytes(calls::object.bytes.begin(), calls::object.bytes.end());
  const auto sections = fathom::bpf::object_sections(bytes);
  const fathom::bpf::ObjectSection* const section = fathom::bpf::btf_section(bytes, sections);
  ASSERT_NE(section, nullptr);
  constexpr std::size_t kHeader = 24;
  const std::size_t types = section->header.sh_offset + kHeader;
  const auto size = fathom::bpf::read_at<std::uint32_t>(bytes, section->header.sh_offset + 12);
  ASSERT_GT(size, 100U);
  std::size_t refused = 0;
  for (std::size_t at = types + 1; at < types + size; at += 2) {
    const std::byte good = bytes[at];
    bytes[at] ^= std::byte{0x7b};
    try {
      (void)BpfObject::open(bytes, {});
    } catch (const BpfError& error) {
      ++refused;
      EXPECT_EQ(error.cause(), BpfCause::bad_object);
    }
    bytes[at] = good;
  }
  EXPECT_GT(refused, size / 8);
}

TEST(BpfObject, TypesBehindTheEndOfTheFileAreTold) {
  std::vector<std::byte> bytes(calls::object.bytes.begin(), calls::object.bytes.end());
  const auto sections = fathom::bpf::object_sections(bytes);
  const fathom::bpf::ObjectSection* const section = fathom::bpf::btf_section(bytes, sections);
  ASSERT_NE(section, nullptr);
  Elf64_Shdr header = section->header;
  header.sh_size = bytes.size();
  const auto elf = fathom::bpf::read_at<Elf64_Ehdr>(bytes, 0);
  const auto index = static_cast<std::size_t>(section - sections.data());
  std::memcpy(bytes.data() + elf.e_shoff + index * sizeof header, &header, sizeof header);
  EXPECT_THAT(error_of([&] { (void)BpfObject::open(bytes, {}); }).hint(), HasSubstr("behind the end of the file"));
}

}  // namespace
