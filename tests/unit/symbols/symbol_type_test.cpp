#include <fathom/symbols/symbol.hpp>
#include <fathom/symbols/symbol_type.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace fathom {
namespace {

struct Row {
  char letter;
  SymbolSection section;
  SymbolScope scope;         // of the kernel's
  SymbolScope module_scope;  // of a module's
};

using enum SymbolScope;
using S = SymbolSection;

// All letters of nm(1) and of the kernel's elf_type.
constexpr Row kRows[] = {
    {'-', S::debug, unknown, unknown},
    {'?', S::unknown, unknown, unknown},
    {'A', S::absolute, global, exported},
    {'a', S::absolute, local, not_exported},
    {'B', S::bss, global, exported},
    {'b', S::bss, local, not_exported},
    {'C', S::common, global, unknown},
    {'c', S::common, local, unknown},
    {'D', S::data, global, exported},
    {'d', S::data, local, not_exported},
    {'G', S::small_data, global, exported},
    {'g', S::small_data, local, not_exported},
    {'I', S::indirect_reference, global, unknown},
    {'i', S::indirect_function, global, unknown},
    {'N', S::debug, unknown, exported},
    {'n', S::debug, local, not_exported},
    {'p', S::unwind, local, unknown},
    {'R', S::read_only, global, exported},
    {'r', S::read_only, local, not_exported},
    {'S', S::small_bss, global, exported},
    {'s', S::small_bss, local, not_exported},
    {'T', S::text, global, exported},
    {'t', S::text, local, not_exported},
    {'U', S::undefined, global, unknown},
    {'u', S::unknown, unique, unknown},
    {'V', S::weak_object, weak, exported},
    {'v', S::weak_object, weak, not_exported},
    {'W', S::weak, weak, exported},
    {'w', S::weak, weak, not_exported},
};

TEST(SymbolType, EveryLetterOfNmAndOfTheKernel) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.letter);
    const SymbolType type(row.letter);
    EXPECT_EQ(type.letter(), row.letter);
    EXPECT_EQ(type.known(), row.letter != '?');
    EXPECT_EQ(type.section(), row.section);
    EXPECT_EQ(type.scope(), row.scope);
    EXPECT_EQ(type.scope(SymbolOrigin::module), row.module_scope);
    EXPECT_FALSE(type.description().empty());
    EXPECT_EQ(type.executable(), std::string_view("TtWwi").find(row.letter) != std::string_view::npos);
  }
}

TEST(SymbolType, EveryOtherByteIsOfNoMeaning) {
  std::set<char> known;
  for (const Row& row : kRows)
    known.insert(row.letter);
  for (int byte = 0; byte < 256; ++byte) {
    const SymbolType type(static_cast<char>(byte));
    if (known.contains(type.letter()))
      continue;
    EXPECT_FALSE(type.known());
    EXPECT_EQ(type.section(), SymbolSection::unknown);
    for (const auto origin : {SymbolOrigin::kernel, SymbolOrigin::module})
      EXPECT_EQ(type.scope(origin), unknown);
    EXPECT_EQ(type.description(), "a letter of no known meaning");
  }
}

TEST(SymbolType, DescriptionsDifferAndAreOneLine) {
  std::set<std::string_view> kernel;
  for (const Row& row : kRows) {
    const SymbolType type(row.letter);
    kernel.insert(type.description());
    for (const auto origin : {SymbolOrigin::kernel, SymbolOrigin::module})
      EXPECT_EQ(type.description(origin).find('\n'), std::string_view::npos);
  }
  EXPECT_EQ(kernel.size(), std::size(kRows));
  EXPECT_EQ(SymbolType('T').description(), "code, global");
  EXPECT_EQ(SymbolType('T').description(SymbolOrigin::module), "code of a module, exported");
  EXPECT_EQ(SymbolType('t').description(SymbolOrigin::module), "code of a module, not exported");
}

TEST(SymbolType, WhereTheLetterIsAConstantTheOriginSpeaks) {
  for (const auto origin : {SymbolOrigin::module_init, SymbolOrigin::bpf_program, SymbolOrigin::bpf_trampoline,
                            SymbolOrigin::bpf_dispatcher, SymbolOrigin::bpf_struct_ops, SymbolOrigin::ftrace_trampoline,
                            SymbolOrigin::kprobe_page}) {
    EXPECT_EQ(SymbolType('t').scope(origin), unknown);
    EXPECT_NE(SymbolType('t').description(origin), SymbolType('t').description());
    EXPECT_FALSE(to_string(origin).empty());
  }
}

TEST(SymbolType, EnumeratorsHaveNames) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(SymbolSection::unknown); ++i)
    names.insert(to_string(static_cast<SymbolSection>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(SymbolSection::unknown) + 1);
  names.clear();
  for (int i = 0; i <= static_cast<int>(SymbolScope::unknown); ++i)
    names.insert(to_string(static_cast<SymbolScope>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(SymbolScope::unknown) + 1);
  names.clear();
  for (int i = 0; i <= static_cast<int>(SymbolOrigin::kprobe_page); ++i)
    names.insert(to_string(static_cast<SymbolOrigin>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(SymbolOrigin::kprobe_page) + 1);
}

TEST(Labels, AreWhatNoTracerWants) {
  for (const char* name :
       {"__pfx_vfs_read", "__cfi_vfs_read", "__kcfi_typeid_vfs_read", "$x", "$d.12", ".LBB1", "L0\1"})
    EXPECT_TRUE(is_label(name)) << name;
  for (const char* name : {"vfs_read", "__cfi_check", "__cfi_check_fail", "__cfi_slowpath", "__cfi_slowpath_diag",
                           "pfx", "vfs_read.cold", "L1"})
    EXPECT_FALSE(is_label(name)) << name;
}

}  // namespace
}  // namespace fathom
