// Look-ups on small tables: which symbol answers, and where it ends.

#include <fathom/symbols/kallsyms_index.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fathom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <class Range>
std::vector<std::string> names_of(Range&& range) {
  std::vector<std::string> names;
  for (const Symbol symbol : range)
    names.emplace_back(symbol.name());
  return names;
}

std::optional<std::string> name_at(const KallsymsIndex& index, std::uint64_t address) {
  const auto hit = index.find(address);
  return hit ? std::optional(std::string(hit->name())) : std::nullopt;
}

// A kernel with CONFIG_KALLSYMS_ALL: text, padding labels, aliases, data, and symbols behind its end.
constexpr std::string_view kWhole =
    "0000000000000000 A fixed_percpu_data\n"
    "0000000000001000 A cpu_debug_store\n"
    "ffffffff81000000 T _stext\n"
    "ffffffff81000000 T _text\n"
    "ffffffff81000010 t __pfx_f\n"
    "ffffffff81000020 t f\n"
    "ffffffff81000020 W f_weak\n"
    "ffffffff81000100 T g\n"
    "ffffffff81002000 T _etext\n"
    "ffffffff82000000 D data\n"
    "ffffffff82010000 B _end\n"
    "ffffffff82020000 D __init_scratch_begin\n";

TEST(KallsymsFind, NearestBeforeAndTheFirstAlias) {
  const auto index = KallsymsIndex::parse(kWhole);
  const auto hit = index.find(0xffff'ffff'8100'0025);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->name(), "f");
  EXPECT_EQ(hit->offset(), 5U);
  EXPECT_EQ(hit->size(), 0xe0U);
  EXPECT_EQ(hit->module(), "");
  EXPECT_EQ(hit->origin(), SymbolOrigin::kernel);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0000), "_stext");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0013), "__pfx_f");
  EXPECT_EQ(names_of(index.aliases(0xffff'ffff'8100'0020)), (std::vector<std::string>{"f", "f_weak"}));
  EXPECT_THAT(names_of(index.aliases(0xffff'ffff'8100'0021)), IsEmpty());
  for (const Symbol alias : index.aliases(0xffff'ffff'8100'0020))
    EXPECT_EQ(alias.size(), 0xe0U);
}

TEST(KallsymsFind, TheKernelsImageEndsAtItsMark) {
  const auto index = KallsymsIndex::parse(kWhole);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8200'ffff), "data");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8201'0000), "_end");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8201'0001), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8202'0000), "__init_scratch_begin");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8202'0001), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'80ff'ffff), std::nullopt);
  EXPECT_EQ(name_at(index, ~0UL), std::nullopt);
}

TEST(KallsymsFind, AbsoluteSymbolsOwnTheirValueAlone) {
  const auto index = KallsymsIndex::parse(kWhole);
  EXPECT_EQ(name_at(index, 0), "fixed_percpu_data");
  EXPECT_EQ(name_at(index, 8), std::nullopt);
  EXPECT_EQ(name_at(index, 0x1000), "cpu_debug_store");
  EXPECT_EQ(index.only("cpu_debug_store")->size(), std::nullopt);
}

TEST(KallsymsFind, WithoutDataSymbolsTextEndsAtItsMarks) {
  const auto index = KallsymsIndex::parse(
      "ffffffff81000000 T startup_64\n"
      "ffffffff81000100 T _stext\n"
      "ffffffff81000200 t f\n"
      "ffffffff81002000 T _etext\n"
      "ffffffff82000000 D __start_rodata\n"
      "ffffffff83000000 T _sinittext\n"
      "ffffffff83000010 t init\n"
      "ffffffff83001000 T _einittext\n"
      "ffffffff83001000 t exit\n");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0000), "startup_64");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0001), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'1fff), "f");
  EXPECT_EQ(index.only("f")->size(), 0x1e00U);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'2000), "_etext");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'2001), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8200'0001), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8300'0fff), "init");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8300'1001), std::nullopt);
}

// Linux 6.4 and newer: a module is several regions, which others lie between; and the list is in no order.
constexpr std::string_view kModules =
    "ffffffff81000000 T _stext\n"
    "ffffffff81002000 T _etext\n"
    "ffffffffc0003f00 t a_last\t[a]\n"
    "ffffffffc0002000 T a_exported\t[a]\n"
    "ffffffffc0009010 d a_data\t[a]\n"
    "0000000000000040 a a_percpu\t[a]\n"
    "ffffffffc0005000 t b_first\t[b]\n"
    "ffffffffc0005800 t b_last\t[b]\n"
    "ffffffffc0020000 T a_init\t[a]\n"
    "ffffffffc0030000 t ftrace_trampoline\t[__builtin__ftrace]\n"
    "ffffffffc0000040 t bpf_prog_0123456789abcdef_big\t[bpf]\n"
    "ffffffffc0040000 t bpf_trampoline_6442565198\t[bpf]\n"
    "ffffffffc0042000 t bpf_dispatcher_xdp\t[bpf]\n"
    "ffffffffc0044000 t bpf__tcp_congestion_ops_init\t[bpf]\n"
    "ffffffffc0200000 t bpf_prog_fedcba9876543210\t[bpf]\n"
    "ffffffffd0000000 t kprobe_insn_page\t[__builtin__kprobes]\n";

TEST(KallsymsFind, AModulesRegionEndsWithThePageOfItsLastSymbol) {
  const auto index = KallsymsIndex::parse(kModules);
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'3eff), "a_exported");
  EXPECT_EQ(index.only("a_exported")->size(), 0x1f00U);
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'3fff), "a_last");
  EXPECT_EQ(index.only("a_last")->size(), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'4000), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'5fff), "b_last");
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'6000), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'9fff), "a_data");
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'a000), std::nullopt);
  EXPECT_EQ(name_at(index, 0x40), "a_percpu");
  EXPECT_EQ(name_at(index, 0x41), std::nullopt);
}

TEST(KallsymsFind, BpfAndTrampolines) {
  const auto index = KallsymsIndex::parse(kModules);
  const auto big = index.find(0xffff'ffff'c000'1fff);
  ASSERT_TRUE(big);
  EXPECT_EQ(big->origin(), SymbolOrigin::bpf_program);
  EXPECT_EQ(big->module(), "bpf");
  EXPECT_EQ(big->size(), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'c02f'ffff), "bpf_prog_fedcba9876543210");
  EXPECT_EQ(name_at(index, 0xffff'ffff'c030'0000), std::nullopt);
  struct {
    std::uint64_t address;
    SymbolOrigin origin;
  } const pages[] = {{0xffff'ffff'c003'0000, SymbolOrigin::ftrace_trampoline},
                     {0xffff'ffff'c004'0000, SymbolOrigin::bpf_trampoline},
                     {0xffff'ffff'c004'2000, SymbolOrigin::bpf_dispatcher},
                     {0xffff'ffff'c004'4000, SymbolOrigin::bpf_struct_ops},
                     {0xffff'ffff'd000'0000, SymbolOrigin::kprobe_page}};
  for (const auto& page : pages) {
    const auto hit = index.find(page.address + 4095);
    ASSERT_TRUE(hit);
    EXPECT_EQ(hit->origin(), page.origin);
    EXPECT_EQ(hit->offset(), 4095U);
    EXPECT_FALSE(index.find(page.address + 4096));
  }
}

TEST(KallsymsFind, InitFunctionsThatFtraceKeptAreToldFromTheModule) {
  const auto index = KallsymsIndex::parse(kModules);
  EXPECT_EQ(index.only("a_init")->origin(), SymbolOrigin::module_init);
  EXPECT_EQ(index.only("a_init")->module(), "a");
  EXPECT_EQ(index.only("a_exported")->origin(), SymbolOrigin::module);
  ASSERT_EQ(index.modules().size(), 2U);
  EXPECT_EQ(index.modules()[0].name, "a");
  EXPECT_EQ(index.modules()[0].symbols, 4U);
  EXPECT_EQ(index.modules()[0].first, 0xffff'ffff'c000'2000);
  EXPECT_EQ(index.modules()[0].end, 0xffff'ffff'c000'a000);
  EXPECT_EQ(index.modules()[1].name, "b");
}

TEST(KallsymsFind, AFileThatWasSortedHasNoInitFunctions) {
  std::vector<std::string> lines;
  std::string_view rest = kModules;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    lines.emplace_back(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines)
    text += line;
  const auto index = KallsymsIndex::parse(text);
  EXPECT_EQ(index.only("a_init")->origin(), SymbolOrigin::module);
  EXPECT_EQ(index.only("a_data")->origin(), SymbolOrigin::module);
  EXPECT_EQ(index.modules().size(), 2U);
  EXPECT_EQ(name_at(index, 0xffff'ffff'c000'3eff), "a_exported");
}

TEST(KallsymsFind, APartOfAFileEndsWithThePageOfItsLastSymbol) {
  const auto index = KallsymsIndex::parse("ffffffff81000000 T f\nffffffff81003000 T g\n");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'2fff), "f");
  EXPECT_EQ(index.only("f")->size(), 0x3000U);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'3fff), "g");
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'4000), std::nullopt);
  EXPECT_EQ(index.only("g")->size(), std::nullopt);
}

TEST(KallsymsFind, AReturnAddressIsTheCallersEvenAtItsEnd) {
  const auto index = KallsymsIndex::parse(kWhole);
  const auto hit = index.find_return_address(0xffff'ffff'8100'0100);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->name(), "f");
  EXPECT_EQ(hit->offset(), 0xe0U);
  EXPECT_FALSE(index.find_return_address(0));
  EXPECT_EQ(index.find_return_address(0xffff'ffff'8201'0001)->name(), "_end");
}

TEST(KallsymsFind, MappingSymbolsDoNotAnswer) {
  const auto index = KallsymsIndex::parse(
      "ffff800008000000 t $x\t[m]\nffff800008000000 t f\t[m]\nffff800008000040 t $d\t[m]\nffff800008000080 t g\t[m]\n");
  EXPECT_EQ(name_at(index, 0xffff'8000'0800'0000), "f");
  EXPECT_EQ(name_at(index, 0xffff'8000'0800'0044), "f");
  EXPECT_EQ(index.only("f")->size(), 0x80U);
  EXPECT_EQ(index.only("$d")->size(), std::nullopt);
  EXPECT_THAT(names_of(index.aliases(0xffff'8000'0800'0000)), ElementsAre("$x", "f"));
}

TEST(KallsymsFind, WhatWasLeftOutBelongsToNobody) {
  const auto index = KallsymsIndex::parse(kWhole, {.leave_out_labels = true});
  EXPECT_EQ(index.size(), 11U);
  EXPECT_TRUE(index.named("__pfx_f").empty());
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'000f), "_stext");
  EXPECT_EQ(index.only("_stext")->size(), 16U);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0010), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'001f), std::nullopt);
  EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0020), "f");
}

TEST(KallsymsFind, WhatBeginsAtASkippedLineIsNobodys) {
  using namespace std::string_literals;
  const std::string before = "ffffffff81000000 T _stext\nffffffff81000100 T good\n";
  const std::string after = "ffffffff81000300 T next\nffffffff82000000 T _end\n";
  const std::vector<std::string> lines = {"ffffffff81000200 T " + std::string(600, 'n'),
                                          "ffffffff81000200 T " + std::string(70'000, 'n'), "ffffffff81000200 T f\0g"s,
                                          "ffffffff81000200 7 f", "ffffffff81000200 T f g"};
  for (const std::string& line : lines) {
    SCOPED_TRACE(line.substr(0, 30));
    for (const std::string& text : {before + line + '\n' + after, after + before + line}) {
      const auto index = KallsymsIndex::parse(text);
      EXPECT_EQ(index.size(), 4U);
      EXPECT_EQ(name_at(index, 0xffff'ffff'8100'01ff), "good");
      EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0200), std::nullopt);
      EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0210), std::nullopt);
      EXPECT_EQ(name_at(index, 0xffff'ffff'8100'0300), "next");
      EXPECT_EQ(index.only("good")->size(), 0x100U);
      EXPECT_EQ(index.stats().skipped_records(), 1U);
    }
  }
  EXPECT_TRUE(KallsymsIndex::parse(lines[0] + '\n').empty());
  EXPECT_EQ(KallsymsIndex::parse(lines[0] + '\n').visibility(), KallsymsVisibility::full);
}

TEST(KallsymsFind, AliasesHaveOneSizeAndValuesYield) {
  const auto index =
      KallsymsIndex::parse("ffffffffc0000000 t a\t[m]\nffffffffc0000000 d b\t[m]\nffffffffc0000010 t c\t[m]\n");
  EXPECT_EQ(index.only("a")->size(), 0x10U);
  EXPECT_EQ(index.only("b")->size(), 0x10U);
  const auto value = KallsymsIndex::parse(
      "ffffffff81000000 T _stext\nffffffff81000100 A value\nffffffff81000100 T func\nffffffff81000200 T _end\n");
  EXPECT_EQ(name_at(value, 0xffff'ffff'8100'0100), "func");
  EXPECT_EQ(name_at(value, 0xffff'ffff'8100'0104), "func");
  EXPECT_EQ(value.only("func")->size(), 0x100U);
  EXPECT_EQ(value.only("value")->size(), std::nullopt);
}

TEST(KallsymsFind, AFunctionAcrossFourGigabytes) {
  const auto index = KallsymsIndex::parse(
      "ffffd2cb00000000 T _stext\nffffd2cbffffff00 T f\nffffd2cc00000100 T g\nffffd2cd00000000 T _end\n");
  EXPECT_EQ(name_at(index, 0xffff'd2cb'ffff'ffff), "f");
  EXPECT_EQ(index.find(0xffff'd2cc'0000'0080)->offset(), 0x180U);
  EXPECT_EQ(index.only("f")->size(), 0x200U);
  EXPECT_EQ(name_at(index, 0xffff'd2cc'ffff'ffff), "g");
}

TEST(KallsymsFind, HiddenAddressesNameNothing) {
  const auto index =
      KallsymsIndex::parse("0000000000000000 T _stext\n0000000000000000 T f\n0000000000000000 t g\t[m]\n");
  EXPECT_EQ(index.visibility(), KallsymsVisibility::hidden);
  EXPECT_FALSE(index.find(0));
  EXPECT_THAT(names_of(index.aliases(0)), IsEmpty());
  EXPECT_THAT(names_of(index.between(0, ~0UL)), IsEmpty());
  ASSERT_TRUE(index.only("f"));
  EXPECT_EQ(index.only("f")->size(), std::nullopt);
  EXPECT_EQ(index.only("g")->module(), "m");
  EXPECT_THAT(names_of(index.matching("*")), ElementsAre("_stext", "f", "g"));
}

TEST(KallsymsFind, ZeroAtTheStartHidesNothing) {
  EXPECT_EQ(KallsymsIndex::parse(kWhole).visibility(), KallsymsVisibility::full);
  std::string many;
  for (int i = 0; i < 500; ++i)
    many += "0000000000000000 A zero\n";
  EXPECT_EQ(KallsymsIndex::parse(many).visibility(), KallsymsVisibility::hidden);
  EXPECT_EQ(KallsymsIndex::parse(many + "ffffffff81000000 T f\n").visibility(), KallsymsVisibility::full);
}

TEST(KallsymsNames, ExactAllOfThemAndOnly) {
  const auto index = KallsymsIndex::parse(
      "ffffffff81000000 t init_once\nffffffff81000010 t f\nffffffff81000020 t init_once\n"
      "ffffffff81000030 t init_once.cold\nffffffffc0000000 t init_once\t[m]\n");
  const SymbolRange all = index.named("init_once");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].address(), 0xffff'ffff'8100'0000);
  EXPECT_EQ(all[1].address(), 0xffff'ffff'8100'0020);
  EXPECT_EQ(all[2].module(), "m");
  EXPECT_TRUE(index.only("init_once").ambiguous());
  EXPECT_EQ(index.only("init_once").count, 3U);
  EXPECT_FALSE(index.only("init_once"));
  EXPECT_TRUE(index.only("init_onc").absent());
  ASSERT_TRUE(index.only("f"));
  EXPECT_EQ(index.only("f")->address(), 0xffff'ffff'8100'0010);
  EXPECT_TRUE(index.named("").empty());
  EXPECT_TRUE(index.named(std::string(600, 'x')).empty());
  EXPECT_TRUE(index.named(std::string_view("f\0", 2)).empty());
}

TEST(KallsymsNames, PrefixesInOrderOfNames) {
  const auto index = KallsymsIndex::parse(
      "ffffffff81000000 t vfs_write\nffffffff81000010 t vfs_read\nffffffff81000020 t vf\n"
      "ffffffff81000030 t vfs_readv\nffffffff81000040 t vft\nffffffff81000050 t vfs_read\n");
  EXPECT_THAT(names_of(index.prefixed("vfs_")), ElementsAre("vfs_read", "vfs_read", "vfs_readv", "vfs_write"));
  EXPECT_THAT(names_of(index.prefixed("vfs_readv")), ElementsAre("vfs_readv"));
  EXPECT_THAT(names_of(index.prefixed("vfs_readvx")), IsEmpty());
  EXPECT_EQ(index.prefixed("").size(), 6U);
  EXPECT_LT(index.prefixed("vfs_read")[0].address(), index.prefixed("vfs_read")[1].address());
}

TEST(KallsymsNames, GlobsInOrderOfAddresses) {
  const auto index = KallsymsIndex::parse(kWhole);
  EXPECT_THAT(names_of(index.matching("_*text")), ElementsAre("_stext", "_text", "_etext"));
  EXPECT_THAT(names_of(index.matching("[fg]")), ElementsAre("f", "g"));
  EXPECT_THAT(names_of(index.matching("nope*")), IsEmpty());
}

TEST(KallsymsRanges, BetweenTakesTheFirstAndNotTheLast) {
  const auto index = KallsymsIndex::parse(kWhole);
  EXPECT_THAT(names_of(index.between(0xffff'ffff'8100'0010, 0xffff'ffff'8100'0100)),
              ElementsAre("__pfx_f", "f", "f_weak"));
  EXPECT_THAT(names_of(index.between(0xffff'ffff'8100'0100, 0xffff'ffff'8100'0010)), IsEmpty());
  EXPECT_EQ(index.between(0, ~0UL).size(), index.size());
}

TEST(KallsymsRanges, AreForTheStandardAlgorithms) {
  static_assert(std::ranges::random_access_range<SymbolRange> && std::ranges::view<SymbolRange> &&
                std::ranges::sized_range<KallsymsIndex>);
  const auto index = KallsymsIndex::parse(kWhole);
  EXPECT_TRUE(std::ranges::is_sorted(index, {}, &Symbol::address));
  const auto found = std::ranges::find(index, "g", &Symbol::name);
  ASSERT_NE(found, index.end());
  EXPECT_EQ((*found).index(), 7U);
  EXPECT_EQ(index.symbols().back().name(), "__init_scratch_begin");
}

// Names that differ by a pattern which passes through a hash with a known, or a merely added, secret.
TEST(KallsymsNames, ManyThatWereMadeToCollideAreFoundInTime) {
  constexpr unsigned kNames = 1U << 16U;
  std::string text;
  std::vector<std::string> names;
  for (unsigned i = 0; i < kNames; ++i) {
    std::string name(16UL * 17, 'A');
    for (unsigned bit = 0; bit < 16; ++bit) {
      if ((i >> bit & 1U) == 0)
        continue;
      const std::size_t at = 16UL * bit;
      name[at + 7] = static_cast<char>(name[at + 7] ^ '\x80');
      name[at + 11] = static_cast<char>(name[at + 11] ^ '\x80');
      name[at + 15] = static_cast<char>(name[at + 15] ^ '\x80');
    }
    text += "ffffffff81000000 T " + name + '\n';
    names.push_back(std::move(name));
  }
  const auto index = KallsymsIndex::parse(text);
  ASSERT_EQ(index.size(), kNames);
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& name : names)
    ASSERT_TRUE(index.only(name));
  // Tens of milliseconds; all of one hash would be some 2^31 comparisons, which take ten seconds or more.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

template <class Index>
concept FindsInATemporary = requires(Index&& index) { std::forward<Index>(index).find(0); };
template <class Index>
concept NamesInATemporary = requires(Index&& index) { std::forward<Index>(index).named("f"); };
template <class Index>
concept ListsATemporary = requires(Index&& index) { std::forward<Index>(index).symbols(); };
static_assert(FindsInATemporary<KallsymsIndex&> && NamesInATemporary<const KallsymsIndex&>);
static_assert(!FindsInATemporary<KallsymsIndex> && !FindsInATemporary<const KallsymsIndex>);
static_assert(!NamesInATemporary<KallsymsIndex> && !ListsATemporary<KallsymsIndex>);

TEST(KallsymsSnapshot, CopiesShareItAndOutliveEachOther) {
  std::optional<KallsymsIndex> first = KallsymsIndex::parse(kWhole);
  const KallsymsIndex second = *first;
  const Symbol f = *second.only("f");
  EXPECT_EQ(f, *first->only("f"));
  const KallsymsIndex third = std::move(*first);
  EXPECT_EQ(first->size(), second.size());  // NOLINT(bugprone-use-after-move): it is still a snapshot
  first.reset();
  EXPECT_EQ(f.name(), "f");
  EXPECT_EQ(third.find(f.address())->name(), "f");
}

TEST(KallsymsSnapshot, TellsItsMemory) {
  const auto index = KallsymsIndex::parse(kWhole);
  const std::size_t before = index.allocated_bytes();
  EXPECT_GT(before, 12U * 16);
  EXPECT_FALSE(index.named("f").empty());
  const std::size_t named = index.allocated_bytes();
  EXPECT_GT(named, before);
  EXPECT_FALSE(index.prefixed("f").empty());
  EXPECT_GE(index.allocated_bytes(), named + 12U * 4);
}

}  // namespace
}  // namespace fathom
