#pragma once

#include "slow_kallsyms.hpp"

#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fathom::test {

/// A symbol as text, for a message.
inline std::string show(const Symbol& s) {
  return std::string(s.name()) + " [" + std::string(s.module()) + "] " + s.type().letter() + " at " +
         std::to_string(s.address());
}

inline bool same(const Symbol& symbol, const SlowKallsyms::Symbol& slow) {
  return symbol.address() == slow.address && symbol.type().letter() == slow.letter && symbol.name() == slow.name &&
         symbol.module() == slow.module && to_string(symbol.origin()) == slow.kind;
}

/// Whether both have the same symbols in the same order.
inline void expect_same_symbols(const KallsymsIndex& index, const SlowKallsyms& slow) {
  ASSERT_EQ(index.size(), slow.symbols().size());
  for (std::size_t i = 0; i < slow.symbols().size(); ++i)
    ASSERT_TRUE(same(index.symbols()[static_cast<std::ptrdiff_t>(i)], slow.symbols()[i]))
        << i << ' ' << slow.symbols()[i].name;
}

/// Whether both name these addresses alike, and sizes agree with what is found.
inline void expect_same_names(const KallsymsIndex& index, const SlowKallsyms& slow,
                              const std::vector<std::uint64_t>& addresses) {
  for (const std::uint64_t address : addresses) {
    const auto hit = index.find(address);
    const auto expected = slow.find(address);
    ASSERT_EQ(hit.has_value(), expected.has_value()) << address << ' ' << (hit ? show(*hit) : expected->symbol.name);
    if (!hit)
      continue;
    ASSERT_TRUE(same(*hit, expected->symbol)) << show(*hit) << " for " << expected->symbol.name;
    ASSERT_EQ(hit->offset(), expected->offset);
    if (hit->size()) {
      ASSERT_LT(hit->offset(), *hit->size()) << show(*hit);
    }
  }
}

/// Whether each symbol's address and name lead back to it, and its size is where it ends.
inline void expect_round_trips(const KallsymsIndex& index) {
  for (const Symbol symbol : index) {
    bool found = false;
    for (const Symbol alias : index.aliases(symbol.address()))
      found = found || alias == symbol;
    ASSERT_TRUE(found) << show(symbol);
    found = false;
    for (const Symbol namesake : index.named(symbol.name())) {
      ASSERT_EQ(namesake.name(), symbol.name());
      found = found || namesake == symbol;
    }
    ASSERT_TRUE(found) << show(symbol);
    const auto hit = index.find(symbol.address());
    ASSERT_TRUE(hit) << show(symbol);
    if (symbol.name().starts_with(".L") && hit->address() < symbol.address())
      continue;  // a mapping symbol by itself: the kernel does not name by it either
    ASSERT_EQ(hit->address(), symbol.address());
    ASSERT_EQ(hit->offset(), 0U);
    if (const auto size = symbol.size()) {
      ASSERT_GT(*size, 0U);
      const auto last = index.find(symbol.address() + *size - 1);
      ASSERT_TRUE(last) << show(symbol);
      ASSERT_EQ(last->address(), symbol.address()) << show(symbol);
      const auto behind = index.find(symbol.address() + *size);
      ASSERT_TRUE(!behind || behind->address() == symbol.address() + *size) << show(symbol);
    }
  }
}

}  // namespace fathom::test
