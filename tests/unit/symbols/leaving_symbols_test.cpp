#include <fathom/symbols/kallsyms_index.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <symbols/leaving_symbols.hpp>

namespace fathom::symbols {
namespace {

constexpr std::uint64_t kProgram = 0xffffffffc0001000;
constexpr std::string_view kKernel = "ffffffff81000000 T _stext\nffffffff81001000 T _etext\n";
constexpr std::string_view kDummy = "ffffffffc0000000 t dummy_xmit\t[dummy]\n";
constexpr std::string_view kBpf = "ffffffffc0001000 t bpf_prog_0123456789abcdef_x\t[bpf]\n";

KallsymsIndex index(std::string_view more, std::string_view even_more = {}) {
  return KallsymsIndex::parse(std::string(kKernel).append(more).append(even_more));
}

SymbolChangeSummary program(bool unregistered) {
  SymbolChangeSummary summary;
  summary.ksymbols.push_back(
      {.address = kProgram, .name = "bpf_prog_0123456789abcdef_x", .unregistered = unregistered});
  return summary;
}

SymbolChangeSummary module(ModuleEvent::Action action) {
  SymbolChangeSummary summary;
  summary.modules.push_back({.module = "dummy", .action = action});
  return summary;
}

TEST(LeavingSymbols, NothingWasAnnounced) {
  LeavingSymbols leaving;
  EXPECT_FALSE(leaving.still_in(index(kDummy, kBpf)));
}

TEST(LeavingSymbols, WhatWasAnnouncedIsLookedForUntilItIsGone) {
  for (const SymbolChangeSummary& end : {program(true), module(ModuleEvent::Action::remove)}) {
    LeavingSymbols leaving;
    leaving.note(end);
    EXPECT_TRUE(leaving.still_in(index(kDummy, kBpf)));
    EXPECT_FALSE(leaving.still_in(index({})));
    EXPECT_FALSE(leaving.still_in(index(kDummy, kBpf))) << "it came back";
  }
}

TEST(LeavingSymbols, AnotherOfTheSameAddressOrNameIsNotMeant) {
  LeavingSymbols leaving;
  leaving.note(program(true));
  EXPECT_FALSE(leaving.still_in(index("ffffffffc0001000 t bpf_prog_fedcba9876543210_y\t[bpf]\n",
                                      "ffffffffc0002000 t bpf_prog_0123456789abcdef_x\t[bpf]\n")));
}

TEST(LeavingSymbols, WhatCameBackIsNotLeaving) {
  LeavingSymbols leaving;
  leaving.note(program(true));
  leaving.note(program(false));
  leaving.note(module(ModuleEvent::Action::remove));
  leaving.note(module(ModuleEvent::Action::add));
  EXPECT_FALSE(leaving.still_in(index(kDummy, kBpf)));
}

TEST(LeavingSymbols, AfterALossNothingIsKnown) {
  for (const bool of_modules : {true, false}) {
    LeavingSymbols leaving;
    leaving.note(program(true));
    leaving.note(module(ModuleEvent::Action::remove));
    SymbolChangeSummary loss;
    if (of_modules)
      loss.module_losses = 1;
    else
      loss.ksymbol_losses.push_back({});
    leaving.note(loss);
    EXPECT_FALSE(leaving.still_in(index(kDummy, kBpf)));
  }
}

TEST(LeavingSymbols, WhatStaysIsGivenUpOn) {
  LeavingSymbols leaving;
  leaving.note(program(true));
  int looks = 0;
  while (leaving.still_in(index(kBpf)))
    ASSERT_LT(++looks, 10);
  EXPECT_EQ(looks, 4);
}

TEST(SymbolChangeSummary, IsDueForAnyReason) {
  EXPECT_FALSE(SymbolChangeSummary{}.due());
  EXPECT_TRUE(program(true).due());
  EXPECT_TRUE(program(false).due());
  EXPECT_TRUE(module(ModuleEvent::Action::add).due());
  SymbolChangeSummary loss;
  loss.module_losses = 1;
  EXPECT_TRUE(loss.due());
  EXPECT_TRUE(loss.lossy());

  SymbolChangeSummary sum = program(false);
  sum += loss;
  sum += module(ModuleEvent::Action::remove);
  sum += program(true);
  EXPECT_EQ(sum.ksymbols.size(), 2U);
  EXPECT_TRUE(sum.ksymbols[1].unregistered);
  EXPECT_EQ(sum.modules.size(), 1U);
  EXPECT_EQ(sum.module_losses, 1U);
}

}  // namespace
}  // namespace fathom::symbols
