// Tables that no kernel would print: aliases, modules out of order and one within the other, lines that are none.

#include "compare_kallsyms.hpp"
#include "slow_kallsyms.hpp"

#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {
namespace {

class RandomTable {
 public:
  explicit RandomTable(unsigned seed) : random_(seed) {}

  std::string make() {
    const std::size_t lines = 1 + pick(60);
    const bool marks = pick(2) == 0;
    std::string text;
    for (std::size_t i = 0; i < lines; ++i)
      text += line(marks);
    return text;
  }
  std::uint64_t address() {
    static constexpr std::uint64_t kBases[] = {0,
                                               0x1000,
                                               0xffff'ffff'8100'0000,
                                               0xffff'ffff'c000'0000,
                                               0xffff'8000'ffff'f000,
                                               0x7fff'ffff'ffff'f000,
                                               0xffff'ffff'ffff'f000};
    const std::uint64_t spread = 1UL << pick(23);
    return kBases[pick(std::size(kBases))] + random_() % spread;
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  template <std::size_t Count>
  std::string_view one_of(const std::string_view (&list)[Count]) {
    return list[pick(Count)];
  }
  std::string line(bool marks) {
    static constexpr std::string_view kNames[] = {"f",
                                                  "g",
                                                  "__pfx_f",
                                                  "__cfi_g",
                                                  "$x",
                                                  "$d.1",
                                                  ".L0",
                                                  "L0",
                                                  "h.cold",
                                                  "bpf_prog_1_f",
                                                  "__cfi_check",
                                                  "bpf_trampoline_1",
                                                  "bpf_dispatcher_xdp",
                                                  "bpf__ops_f",
                                                  "init"};
    static constexpr std::string_view kMarks[] = {"_stext",     "_etext",       "_end",      "_sinittext",
                                                  "_einittext", "__init_begin", "__init_end"};
    static constexpr std::string_view kModules[] = {
        "", "", "", "ext4", "xfs", "xfs", "bpf", "__builtin__ftrace", "__builtin__kprobes"};
    static constexpr std::string_view kLetters = "TttTTdDrRbBaAWwvU?";
    char head[32];
    std::snprintf(head, sizeof head, "%016lx %c ", address(), kLetters[pick(kLetters.size())]);
    std::string text = head;
    text += marks && pick(4) == 0 ? one_of(kMarks) : one_of(kNames);
    if (const std::string_view module = one_of(kModules); !module.empty())
      text += "\t[" + std::string(module) + "]";
    if (pick(20) == 0)
      text[pick(text.size())] = static_cast<char>(random_());
    if (pick(40) == 0)
      text += '\r';
    return text += '\n';
  }

  std::mt19937_64 random_;
};

class RandomTables : public testing::TestWithParam<bool> {};

TEST_P(RandomTables, AreReadAsTheSlowReadingReadsThem) {
  const bool leave_out = GetParam();
  std::size_t with_symbols = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    RandomTable table(seed);
    const std::string text = table.make();
    const auto index = KallsymsIndex::parse(text, {.leave_out_labels = leave_out});
    const test::SlowKallsyms slow(text, leave_out);
    ASSERT_NO_FATAL_FAILURE(test::expect_same_symbols(index, slow)) << text;
    std::vector<std::uint64_t> addresses;
    for (const Symbol symbol : index) {
      for (const std::uint64_t offset : {0UL, 1UL, 4095UL, 4096UL, 65536UL, 1048575UL, 1048576UL})
        addresses.insert(addresses.end(), {symbol.address() + offset, symbol.address() - offset});
    }
    for (int i = 0; i < 40; ++i)
      addresses.push_back(table.address());
    ASSERT_NO_FATAL_FAILURE(test::expect_same_names(index, slow, addresses)) << text;
    ASSERT_EQ(index.stats().bytes, index.stats().parsed_bytes + index.stats().skipped_bytes);
    ASSERT_EQ(index.stats().records, index.stats().parsed_records + index.stats().skipped_records());
    with_symbols += index.empty() ? 0U : 1U;
  }
  EXPECT_GT(with_symbols, 3000U);
}

INSTANTIATE_TEST_SUITE_P(Labels, RandomTables, testing::Bool(),
                         [](const auto& test) { return test.param ? "LeftOut" : "Kept"; });

}  // namespace
}  // namespace fathom
