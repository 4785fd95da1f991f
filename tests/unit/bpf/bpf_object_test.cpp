#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_object.hpp>

#include <gmock/gmock.h>

#include <cstddef>
#include <cstdint>
#include <fathom-bpf/calls.bpf.hpp>
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
  EXPECT_THAT(error.what(), HasSubstr(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(, BpfObjectWrong,
                         testing::Values(Wrong{"/nonexistent.bpf.o", "/nonexistent.bpf.o: No such file"},
                                         Wrong{"/etc/passwd", "not an ELF file"}, Wrong{"/dev/null", "it has 0 bytes"},
                                         Wrong{"empty.c", "not an ELF file"}, Wrong{"machine.o", "for another machine"},
                                         Wrong{"other_order.o", "for the other byte order"},
                                         Wrong{"no_btf.o", "compile it with -g"},
                                         Wrong{"nothing.o", "neither programs nor maps"}));

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

}  // namespace
