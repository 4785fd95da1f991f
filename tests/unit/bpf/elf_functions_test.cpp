#include "bpf/elf_functions.hpp"

#include <fathom/base/error.hpp>

#include <gtest/gtest.h>

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace {

using fathom::bpf::ElfFunction;
using fathom::bpf::parse_elf_functions;
using fathom::bpf::read_elf_functions;

std::vector<char> this_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<ElfFunction> parse(const std::vector<char>& bytes) {
  return parse_elf_functions(std::as_bytes(std::span(bytes)), "bytes");
}

int errno_of(const std::vector<char>& bytes) {
  try {
    (void)parse(bytes);
  } catch (const fathom::Error& error) {
    EXPECT_EQ(error.path(), "bytes");
    return error.code().value();
  }
  return 0;
}

TEST(ElfFunctions, BytesGiveWhatTheFileGives) {
  const auto of_file = read_elf_functions("/proc/self/exe");
  const auto of_bytes = parse(this_program());
  EXPECT_TRUE(std::ranges::equal(of_file, of_bytes, [](const ElfFunction& a, const ElfFunction& b) {
    return a.name == b.name && a.offset == b.offset;
  }));
  const auto main = std::ranges::find(of_bytes, "main", &ElfFunction::name);
  ASSERT_NE(main, of_bytes.end());
  EXPECT_LT(main->offset, this_program().size());
}

TEST(ElfFunctions, WhatIsNoElfOfThisMachineIsAnError) {
  std::vector<char> bytes = this_program();
  EXPECT_EQ(errno_of({}), ENOEXEC);
  EXPECT_EQ(errno_of({bytes.begin(), bytes.begin() + EI_NIDENT - 1}), ENOEXEC);
  bytes[EI_DATA] = bytes[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
  EXPECT_EQ(errno_of(bytes), ENOEXEC);
  bytes[0] = 'x';
  EXPECT_EQ(errno_of(bytes), ENOEXEC);
}

// However often a file says that it has the table, it is read once.
TEST(ElfFunctions, ATableThatIsThereOftenIsReadOnce) {
  std::vector<char> bytes = this_program();
  const std::size_t count = parse(bytes).size();
  Elf64_Ehdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), bytes.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  const auto table = *std::ranges::find(sections, static_cast<Elf64_Word>(SHT_SYMTAB), &Elf64_Shdr::sh_type);
  for (Elf64_Shdr& section : sections) {
    if (section.sh_type == SHT_NOTE || section.sh_type == SHT_NOBITS)
      section = table;
  }
  std::memcpy(bytes.data() + header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr));
  EXPECT_EQ(parse(bytes).size(), count);
}

}  // namespace
