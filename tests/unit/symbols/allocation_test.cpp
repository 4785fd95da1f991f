// Looking up allocates nothing, once the indexes that the first look-up by name and by prefix makes are there.

#include "../graph/counting_allocator.hpp"

#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace fathom {
namespace {

std::string many_symbols() {
  std::string text;
  for (unsigned i = 0; i < 1000; ++i) {
    char line[64];
    std::snprintf(line, sizeof line, "%016lx t function_%u\n", 0xffff'ffff'8100'0000UL + 16UL * i, i % 900);
    text += line;
  }
  return text;
}

TEST(Allocations, LookingUpCostsNone) {
  const auto index = KallsymsIndex::parse(many_symbols());
  ASSERT_EQ(index.named("function_1").size(), 2U);
  ASSERT_FALSE(index.prefixed("function_1").empty());
  const std::size_t before = test::allocations();
  std::size_t found = 0;
  for (const Symbol symbol : index) {
    const auto hit = index.find(symbol.address() + 3);
    found += hit && hit->name() == symbol.name() && hit->module().empty() ? 1U : 0U;
    found += index.find_return_address(symbol.address() + 16) ? 1U : 0U;
    found += index.aliases(symbol.address()).size();
    found += index.named(symbol.name()).empty() ? 0U : 1U;
    found += index.only(symbol.name()).absent() ? 0U : 1U;
    found += index.prefixed(symbol.name()).empty() ? 0U : 1U;
    found += index.between(symbol.address(), symbol.address() + 16).size();
    found += symbol.size().value_or(0) == 16 ? 1U : 0U;
  }
  for (const Symbol symbol : index.matching("*_1?"))
    found += symbol.index();
  const KallsymsIndex copy = index;
  EXPECT_EQ(test::allocations(), before);
  EXPECT_GE(found, 7999U);
  EXPECT_EQ(copy.size(), 1000U);
}

}  // namespace
}  // namespace fathom
