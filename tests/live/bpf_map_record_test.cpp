#include "bpf_map_support.hpp"

#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/hash_map.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fathom-bpf/calls.bpf.hpp>
#include <type_traits>

namespace fathom::live {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Total {
  std::uint64_t calls;
  std::uint64_t last_cookie;
};
FATHOM_RECORD(Total, calls, last_cookie);

struct Swapped {
  std::uint64_t last_cookie;
  std::uint64_t calls;
};
FATHOM_RECORD(Swapped, last_cookie, calls);

struct Nameless {
  std::uint64_t calls;
  std::uint64_t last_cookie;
};

class BpfMapRecordTest : public BpfTest {
 protected:
  // The map alone: no program has to be taken by this kernel.
  static LoadedBpf load() {
    auto object = BpfObject::open(calls::object);
    for (ProgramSpec& program : object.programs())
      program.autoload = false;
    return object.load();
  }
};

TEST_F(BpfMapRecordTest, AGeneratedNameKnowsTheTypes) {
  const LoadedBpf bpf = load();
  const auto totals = bpf.map(calls::totals);
  static_assert(std::is_same_v<decltype(totals), const HashMap<std::int32_t, calls::total>>);
  EXPECT_EQ(totals.value_check(), RecordCheck::members);
  EXPECT_EQ(totals.key_check(), RecordCheck::size);
  totals.update(1, {.calls = 2, .last_cookie = 3});
  EXPECT_EQ(totals.find(1)->last_cookie, 3U);
}

TEST_F(BpfMapRecordTest, ARecordThatFitsIsSaidToBeCompared) {
  const LoadedBpf bpf = load();
  EXPECT_EQ((bpf.map<HashMap<int, Total>>("totals").value_check()), RecordCheck::members);
  EXPECT_EQ((bpf.map<HashMap<int, Nameless>>("totals").value_check()), RecordCheck::size);
}

TEST_F(BpfMapRecordTest, ARecordThatDiffersIsAnErrorWithBothLayouts) {
  const LoadedBpf bpf = load();
  const auto use = [&] { static_cast<void>(bpf.map<HashMap<int, Swapped>>("totals")); };
  EXPECT_EQ(cause_of(use), BpfCause::bad_object);
  EXPECT_THAT(error_of(use),
              AllOf(HasSubstr("cannot use the value of totals of calls"), HasSubstr("BPF: struct total, 16 bytes"),
                    HasSubstr("Swapped, 16 bytes"), HasSubstr("! 0  calls[8]"), HasSubstr("| 0  last_cookie[8]")));
  EXPECT_THAT(error_of([&] { static_cast<void>(bpf.map<HashMap<std::uint64_t, Total>>("totals")); }),
              HasSubstr("cannot use the key of totals"));
  EXPECT_THAT(error_of([&] { static_cast<void>(bpf.map<ArrayMap<Total>>("totals")); }),
              HasSubstr("it is of type hash, not array"));
}

}  // namespace
}  // namespace fathom::live
