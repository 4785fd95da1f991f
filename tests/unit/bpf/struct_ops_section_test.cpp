#include "bpf/struct_ops_section.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/btf/btf.hpp>

#include <gtest/gtest.h>

#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fathom-bpf/calls.bpf.hpp>
#include <fathom-bpf/congestion.bpf.hpp>
#include <fathom-bpf/congestion_link.bpf.hpp>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fathom::bpf::without_struct_ops_links;
using Bytes = std::vector<std::byte>;

template <class T>
T read(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The sections of a good object, by name.
std::multimap<std::string, Elf64_Shdr> sections_of(std::span<const std::byte> bytes) {
  const auto elf = read<Elf64_Ehdr>(bytes, 0);
  const auto header = [&](std::size_t i) { return read<Elf64_Shdr>(bytes, elf.e_shoff + i * sizeof(Elf64_Shdr)); };
  const auto* const names = reinterpret_cast<const char*>(bytes.data() + header(elf.e_shstrndx).sh_offset);
  std::multimap<std::string, Elf64_Shdr> sections;
  for (std::size_t i = 0; i < elf.e_shnum; ++i)
    sections.emplace(names + header(i).sh_name, header(i));
  return sections;
}

fathom::Btf types_of(std::span<const std::byte> bytes) {
  const Elf64_Shdr section = sections_of(bytes).find(".BTF")->second;
  return fathom::Btf::parse(bytes.subspan(section.sh_offset, section.sh_size));
}

Bytes copy_of(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

// Only zeros were written, each where a '.' was.
void expect_only_cut(std::span<const std::byte> before, std::span<const std::byte> after) {
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != after[i]) {
      ASSERT_EQ(before[i], std::byte{'.'}) << i;
      ASSERT_EQ(after[i], std::byte{0}) << i;
    }
  }
}

TEST(StructOpsSection, IsRenamedInElfAndBtf) {
  const std::span<const std::byte> before = congestion_link::object.bytes;
  EXPECT_EQ(sections_of(before).count(".struct_ops.link"), 1u);
  const Bytes after = without_struct_ops_links(before, "congestion_link");
  ASSERT_FALSE(after.empty());
  expect_only_cut(before, after);
  const auto sections = sections_of(after);
  EXPECT_EQ(sections.size(), sections_of(before).size());
  EXPECT_EQ(sections.count(".struct_ops"), 1u);
  EXPECT_EQ(sections.count(".rel.struct_ops"), 1u);
  EXPECT_EQ(sections.count(".struct_ops.link") + sections.count(".rel.struct_ops.link"), 0u);
  EXPECT_EQ(sections.count("struct_ops/init"), 1u);
  const fathom::Btf types = types_of(after);
  const auto tables = types.find(fathom::BtfKind::datasec, ".struct_ops");
  ASSERT_TRUE(tables);
  EXPECT_FALSE(types.find(fathom::BtfKind::datasec, ".struct_ops.link"));
  const fathom::Btf types_before = types_of(before);
  EXPECT_TRUE(types_before.find(fathom::BtfKind::datasec, ".struct_ops.link"));
  EXPECT_TRUE(types.find(fathom::BtfKind::var, "first"));
  EXPECT_TRUE(without_struct_ops_links(after, "again").empty());
}

TEST(StructOpsSection, OthersStayAsTheyAre) {
  EXPECT_TRUE(without_struct_ops_links(calls::object.bytes, "calls").empty());
  EXPECT_TRUE(without_struct_ops_links(congestion::object.bytes, "congestion").empty());
  EXPECT_TRUE(without_struct_ops_links({}, "nothing").empty());
}

// The name of another section is pointed at the plain form: its own copy behind the end of the file.
TEST(StructOpsSection, BothAtOnceAreRefused) {
  Bytes both = copy_of(congestion_link::object.bytes);
  const auto elf = read<Elf64_Ehdr>(both, 0);
  const auto names = read<Elf64_Shdr>(both, elf.e_shoff + elf.e_shstrndx * sizeof(Elf64_Shdr)).sh_offset;
  const auto offset = static_cast<std::uint32_t>(both.size() - names);
  constexpr std::string_view kPlain = ".struct_ops";
  const auto text = std::as_bytes(std::span(kPlain));
  both.insert(both.end(), text.begin(), text.end());
  both.push_back(std::byte{0});
  std::memcpy(both.data() + elf.e_shoff + sizeof(Elf64_Shdr), &offset, sizeof offset);
  try {
    (void)without_struct_ops_links(both, "both");
    FAIL() << "nothing was thrown";
  } catch (const fathom::BpfError& error) {
    EXPECT_EQ(error.cause(), fathom::BpfCause::bad_object);
    EXPECT_NE(error.hint().find("cannot tell apart"), std::string::npos) << error.hint();
    EXPECT_EQ(error.object(), "both");
  }
}

// Whatever is cut off: the copy is as long, or there is none.
TEST(StructOpsSection, CutOffAnywhere) {
  const std::span<const std::byte> whole = congestion_link::object.bytes;
  std::size_t renamed = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part = copy_of(whole.first(size));  // of its own, so that a sanitizer knows its end
    if (const Bytes after = without_struct_ops_links(part, "part"); !after.empty()) {
      expect_only_cut(part, after);
      ++renamed;
    }
  }
  EXPECT_LT(renamed, whole.size());
}

// Each number of the ELF header, of the section headers and of the BTF header, made large, small and odd.
TEST(StructOpsSection, NumbersThatCannotBe) {
  const std::span<const std::byte> good = congestion_link::object.bytes;
  const auto elf = read<Elf64_Ehdr>(good, 0);
  std::vector<std::size_t> places;
  const auto add = [&](std::size_t from, std::size_t size) {
    for (std::size_t at = from; at < std::min(from + size, good.size()); at += 2)
      places.push_back(at);
  };
  add(0, sizeof elf);
  add(elf.e_shoff, elf.e_shnum * sizeof(Elf64_Shdr));
  add(sections_of(good).find(".BTF")->second.sh_offset, 24);
  EXPECT_GT(places.size(), 300u);
  std::size_t renamed = 0;
  for (const std::size_t at : places) {
    for (const int value : {0x00, 0x01, 0x7f, 0xff}) {
      for (const std::size_t width : {1u, 2u, 4u, 8u}) {
        Bytes bad = copy_of(good);
        std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at), std::min(width, bad.size() - at),
                    static_cast<std::byte>(value));
        try {
          if (const Bytes after = without_struct_ops_links(bad, "bad"); !after.empty()) {
            expect_only_cut(bad, after);
            ++renamed;
          }
        } catch (const fathom::BpfError& error) {
          EXPECT_EQ(error.cause(), fathom::BpfCause::bad_object);
        }
      }
    }
  }
  EXPECT_GT(renamed, 0u);
}

// A name without an end, and a table of strings without one, as long as the rest of a large file.
TEST(StructOpsSection, ALargeFileTakesNoLonger) {
  Bytes large = copy_of(congestion_link::object.bytes);
  const auto elf = read<Elf64_Ehdr>(large, 0);
  const std::size_t end = large.size();
  large.resize(end + (std::size_t{8} << 20), std::byte{'x'});
  const auto types = sections_of(large).find(".BTF")->second;
  // The strings of the types begin where the x do.
  const auto strings = static_cast<std::uint32_t>(end - types.sh_offset - 24);
  const auto size = static_cast<std::uint32_t>(large.size() - end);
  std::memcpy(large.data() + types.sh_offset + 16, &strings, sizeof strings);
  std::memcpy(large.data() + types.sh_offset + 20, &size, sizeof size);
  // And the first section's name does.
  const auto names = read<Elf64_Shdr>(large, elf.e_shoff + elf.e_shstrndx * sizeof(Elf64_Shdr)).sh_offset;
  const auto name = static_cast<std::uint32_t>(end - names);
  std::memcpy(large.data() + elf.e_shoff, &name, sizeof name);
  Bytes after = without_struct_ops_links(large, "large");
  ASSERT_EQ(after.size(), large.size());
  // sections_of() takes names that end.
  after.back() = std::byte{};
  EXPECT_EQ(sections_of(after).count(".struct_ops"), 1u);
}

}  // namespace
