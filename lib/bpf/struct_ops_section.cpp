#include "struct_ops_section.hpp"

#include "object_file.hpp"

#include <bpf/libbpf.h>
#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fathom::bpf {

namespace {

constexpr std::string_view kPlain = ".struct_ops";
constexpr std::string_view kLink = ".struct_ops.link";
constexpr std::string_view kLinkRelocations = ".rel.struct_ops.link";

// What `T` is at the offset; zeros where the file ends before.
template <class T>
T read(std::span<const std::byte> bytes, std::uint64_t offset) {
  T value{};
  if (offset <= bytes.size() && sizeof(T) <= bytes.size() - offset)
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The text that begins there and ends with a 0; empty if none does.
std::string_view text_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (offset >= bytes.size())
    return {};
  const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + offset, bytes.size() - offset);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

struct Section {
  std::uint64_t name;  // where in the file
  Elf64_Shdr header;
};

std::vector<Section> sections_of(std::span<const std::byte> bytes) {
  const auto elf = read<Elf64_Ehdr>(bytes, 0);
  const auto header = [&](std::size_t index) {
    return read<Elf64_Shdr>(bytes, elf.e_shoff + index * sizeof(Elf64_Shdr));
  };
  const std::uint64_t names = header(elf.e_shstrndx).sh_offset;
  std::vector<Section> sections;
  sections.reserve(elf.e_shnum);
  for (std::size_t i = 0; i < elf.e_shnum; ++i)
    sections.push_back({names + header(i).sh_name, header(i)});
  return sections;
}

// Ends the name before its ".link".
void cut(std::vector<std::byte>& bytes, std::uint64_t end_of_name) {
  bytes[end_of_name - (kLink.size() - kPlain.size())] = std::byte{0};
}

// The section is a type with that name (BTF_KIND_DATASEC), and its names stand one behind the other.
void rename_in_btf(std::vector<std::byte>& bytes, const Elf64_Shdr& section) {
  struct BtfHeader {
    std::uint16_t magic;
    std::uint8_t version;
    std::uint8_t flags;
    std::uint32_t header_size;
    std::uint32_t types_offset;
    std::uint32_t types_size;
    std::uint32_t strings_offset;
    std::uint32_t strings_size;
  };
  const auto header = read<BtfHeader>(bytes, section.sh_offset);
  const std::uint64_t end = section.sh_offset + header.header_size + header.strings_offset + header.strings_size;
  for (std::uint64_t at = end - header.strings_size; at < std::min<std::uint64_t>(end, bytes.size());) {
    const std::string_view name = text_at(bytes, at);
    const std::uint64_t next = at + name.size() + 1;
    if (name == kLink)
      cut(bytes, at + name.size());
    at = next;
  }
}

}  // namespace

bool lacks_struct_ops_links() noexcept {
  return libbpf_major_version() == 1 && libbpf_minor_version() < 2;
}

std::vector<std::byte> without_struct_ops_links(std::span<const std::byte> bytes, const std::string& object) {
  const std::vector<Section> sections = sections_of(bytes);
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(sections, [&](const Section& section) { return text_at(bytes, section.name) == name; });
  };
  if (!has(kLink))
    return {};
  if (has(kPlain))
    throw bad_object(EINVAL, "open", object, {},
                     "it has tables in .struct_ops and in .struct_ops.link, which libbpf before 1.2 cannot tell apart");
  std::vector<std::byte> renamed(bytes.begin(), bytes.end());
  for (const Section& section : sections) {
    // Of the original: the two names may share their bytes.
    const std::string_view name = text_at(bytes, section.name);
    if (name == kLink || name == kLinkRelocations)
      cut(renamed, section.name + name.size());
    else if (name == ".BTF")
      rename_in_btf(renamed, section.header);
  }
  return renamed;
}

}  // namespace fathom::bpf
