// Small files and names that are made to take endless memory or time.

#include "demangle.hpp"
#include "elf_support.hpp"

#include <gtest/gtest.h>

#include <elf.h>

#include <cstring>

namespace fathom {
namespace {

using detail::demangled;
using test::Folder;
using test::local_files;

// `f<A<int>>` in which each further argument is a pair of the one before: twice the text for ten more bytes.
std::string doubling(int times) {
  const auto substitution = [](int number) {
    constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const auto digit = [&](int value) { return std::string(1, kDigits[static_cast<std::size_t>(value)]); };
    return 'S' + (number >= 36 ? digit(number / 36) : "") + digit(number % 36) + '_';
  };
  std::string name = "_Z1f1AIiiE";
  for (int i = 0; i < times; ++i)
    name += "S_I" + substitution(i) + substitution(i) + "E";
  return name;
}

// The same by the arguments of templates whose local classes are the arguments of the next.
std::string doubling_by_arguments(int times) {
  std::string name = "1A";
  for (int i = 0; i < times; ++i)
    name = "Z1fI" + name + "EvT_T_E1L";
  return "_Z1gI" + name + "EvT_T_";
}

TEST(Demangle, ReadsRealNames) {
  EXPECT_EQ(demangled("main"), "main");
  EXPECT_EQ(demangled("_Znonsense"), "_Znonsense");
  EXPECT_EQ(demangled("_ZNKSt6vectorIiSaIiEE4sizeEv"), "std::vector<int, std::allocator<int> >::size() const");
  // A list of types, each of which names the ones before, as metaprograms have them.
  EXPECT_EQ(demangled("_Z1f1AIiiES0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_S0_").size(),
            std::string("f()").size() + 25 * std::string("A<int, int>").size() + 24 * 2);
  EXPECT_NE(demangled(doubling(2)), doubling(2));
}

TEST(Demangle, LeavesNamesThatUnfoldToMegabytes) {
  for (int times = 1; times <= 300; ++times) {
    for (const std::string& name : {doubling(times), doubling_by_arguments(times)}) {
      const std::string text = demangled(name);
      EXPECT_LE(text.size(), 64U << 10U);
      if (times >= 16) {
        EXPECT_EQ(text, name) << times;
      }
    }
  }
}

// An x86-64 program of `count` functions that all have one name of `length` bytes.
std::string with_one_name(std::size_t count, std::size_t length) {
  constexpr std::uint64_t kText = 0x1000;
  const std::string headings("\0.text\0.symtab\0.strtab\0", 23);
  const std::string names = '\0' + std::string(length, 'a') + '\0';
  std::string file(sizeof(Elf64_Ehdr), '\0');
  const auto put = [&file](const auto& value) { file.append(reinterpret_cast<const char*>(&value), sizeof value); };
  std::vector<Elf64_Shdr> sections(5);
  const auto begin = [&](std::size_t index, std::uint32_t name, std::uint32_t type, std::uint64_t size) {
    sections[index].sh_name = name;
    sections[index].sh_type = type;
    sections[index].sh_offset = file.size();
    sections[index].sh_size = size;
    sections[index].sh_addralign = 1;
  };
  begin(1, 1, SHT_PROGBITS, 2 * count);
  sections[1].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  sections[1].sh_addr = kText;
  file.append(2 * count, '\x90');
  begin(2, 7, SHT_SYMTAB, sizeof(Elf64_Sym) * (count + 1));
  sections[2].sh_link = 3;
  sections[2].sh_entsize = sizeof(Elf64_Sym);
  put(Elf64_Sym{});
  for (std::size_t i = 0; i < count; ++i) {
    Elf64_Sym symbol{};
    symbol.st_name = 1;
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = 1;
    symbol.st_value = kText + 2 * i;
    symbol.st_size = 2;
    put(symbol);
  }
  begin(3, 15, SHT_STRTAB, names.size());
  file += names;
  begin(4, 15, SHT_STRTAB, headings.size());
  file += headings;
  Elf64_Ehdr header{};
  std::memcpy(&header.e_ident[0], ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shoff = file.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(sections.size());
  header.e_shstrndx = 4;
  for (const Elf64_Shdr& section : sections)
    put(section);
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

TEST(ElfForged, NamesTakeNoMoreMemoryThanTheFileHasBytes) {
  const Folder folder;
  struct Case {
    std::size_t length;
    bool first;
    bool last;
  };
  // 40,000 times 60,000 bytes would be 2.4 GB.
  for (const Case& c : {Case{100, true, true}, Case{60'000, true, false}, Case{200'000, false, false}}) {
    const std::size_t count = c.length < 1000 ? 100 : 40'000;
    auto symbolizer =
        ElfSymbolizer::of_file(folder.file("forged", with_one_name(count, c.length)), {.files = local_files()});
    const auto first = symbolizer.symbolize(0x1001);
    EXPECT_EQ(static_cast<bool>(first), c.first) << c.length;
    if (first) {
      EXPECT_EQ(first.frames().back().linkage_name, std::string(c.length, 'a'));
    }
    EXPECT_EQ(static_cast<bool>(symbolizer.symbolize(0x1000 + 2 * count - 1)), c.last) << c.length;
  }
}

}  // namespace
}  // namespace fathom
