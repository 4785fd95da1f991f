// Real kernels' symbols: every one comes back by address and by name, and a million addresses are named as the slow
// reading names them.

#include "compare_kallsyms.hpp"
#include "slow_kallsyms.hpp"

#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace fathom {
namespace {

struct Capture {
  const char* kernel;
  std::size_t symbols;
  std::size_t modules;
};

class Captures : public testing::TestWithParam<Capture> {
 protected:
  void SetUp() override {
    std::ifstream in(std::string(FATHOM_TEST_KALLSYMS "/") + GetParam().kernel + "/kallsyms", std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(in), {});
    ASSERT_FALSE(text_.empty());
  }

  std::string text_;
};

// Where names change, what lies in between, and addresses of all sizes.
std::vector<std::uint64_t> telling_addresses(const KallsymsIndex& index, std::size_t count) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> addresses = {0, 1, 4095, 4096, kMost, kMost - 1, kMost - 4096, 1UL << 63U};
  for (const Symbol symbol : index) {
    addresses.push_back(symbol.address() - 1);
    addresses.push_back(symbol.address() + 1);
  }
  for (const KallsymsModule& module : index.modules())
    addresses.insert(addresses.end(), {module.first - 1, module.end - 1, module.end, module.end + 4096});
  std::mt19937_64 random(20'261'122);
  std::uniform_int_distribution<std::ptrdiff_t> any_symbol(0, static_cast<std::ptrdiff_t>(index.size()) - 1);
  while (addresses.size() < count) {
    const std::uint64_t near = index.symbols()[any_symbol(random)].address();
    addresses.push_back(near + random() % 8192 - 2048);
    addresses.push_back(near + (random() >> (random() % 64)));
    addresses.push_back(0xffff'ffff'8000'0000U + random() % 0x8000'0000U);
  }
  return addresses;
}

TEST_P(Captures, EveryLineIsASymbolAndComesBack) {
  const auto index = KallsymsIndex::parse(text_);
  EXPECT_EQ(index.stats().skipped_records(), 0U);
  EXPECT_EQ(index.stats().parsed_bytes, text_.size());
  EXPECT_EQ(index.size(), GetParam().symbols);
  EXPECT_EQ(index.stats().parsed_records, GetParam().symbols);
  EXPECT_EQ(index.modules().size(), GetParam().modules);
  EXPECT_EQ(index.visibility(), KallsymsVisibility::full);
  test::expect_round_trips(index);
  EXPECT_LE(static_cast<double>(index.allocated_bytes()) / static_cast<double>(index.size()), 64.0);
}

TEST_P(Captures, AMillionAddressesAsTheSlowReadingNamesThem) {
  const auto index = KallsymsIndex::parse(text_);
  const test::SlowKallsyms slow(text_);
  test::expect_same_symbols(index, slow);
  test::expect_same_names(index, slow, telling_addresses(index, 1'000'000));
}

TEST_P(Captures, TheSameWithoutLabels) {
  const auto index = KallsymsIndex::parse(text_, {.leave_out_labels = true});
  const test::SlowKallsyms slow(text_, true);
  test::expect_same_symbols(index, slow);
  test::expect_same_names(index, slow, telling_addresses(index, 200'000));
  test::expect_round_trips(index);
}

INSTANTIATE_TEST_SUITE_P(OfKernels, Captures,
                         testing::Values(Capture{"4.4.0", 43514, 0}, Capture{"5.4.0", 60601, 0},
                                         Capture{"6.1.0-56-amd64", 96842, 11}, Capture{"6.1.0-56-rt-amd64", 96653, 11},
                                         Capture{"6.12.117+deb12-amd64", 166664, 5}, Capture{"6.17.0", 178765, 0},
                                         Capture{"7.3.4+deb13-amd64", 213754, 5}, Capture{"native-6.18.44", 122134, 0}),
                         [](const auto& test) {
                           std::string name = test.param.kernel;
                           std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
                           return name;
                         });

}  // namespace
}  // namespace fathom
