#include "struct_ops_section.hpp"

#include "object_file.hpp"
#include "object_sections.hpp"

#include <bpf/libbpf.h>
#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace fathom::bpf {

namespace {

constexpr std::string_view kPlain = ".struct_ops";
constexpr std::string_view kLink = ".struct_ops.link";
constexpr std::string_view kLinkRelocations = ".rel.struct_ops.link";

// Ends a name that ends with ".link" before that.
void cut(std::vector<std::byte>& bytes, std::uint64_t offset, std::string_view name) {
  bytes[offset + name.size() - (kLink.size() - kPlain.size())] = std::byte{0};
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
  const auto header = read_at<BtfHeader>(bytes, section.sh_offset);
  const std::uint64_t start = section.sh_offset + header.header_size + header.strings_offset;
  const std::uint64_t end = std::min<std::uint64_t>(start + header.strings_size, bytes.size());
  for (std::uint64_t at = start; at < end;) {
    if (is_at(bytes, at, kLink))
      cut(bytes, at, kLink);
    const auto rest = std::span(bytes).subspan(at, end - at);
    at += static_cast<std::uint64_t>(std::ranges::find(rest, std::byte{0}) - rest.begin()) + 1;
  }
}

}  // namespace

bool lacks_struct_ops_links() noexcept {
  return libbpf_major_version() == 1 && libbpf_minor_version() < 2;
}

std::vector<std::byte> without_struct_ops_links(std::span<const std::byte> bytes, const std::string& object) {
  const std::vector<ObjectSection> sections = object_sections(bytes);
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(sections,
                               [&](const ObjectSection& section) { return is_at(bytes, section.name, name); });
  };
  if (!has(kLink))
    return {};
  if (has(kPlain))
    throw bad_object(EINVAL, "open", object, {},
                     "it has tables in .struct_ops and in .struct_ops.link, which libbpf before 1.2 cannot tell apart");
  std::vector<std::byte> renamed(bytes.begin(), bytes.end());
  for (const ObjectSection& section : sections) {
    // Of the original: the two names may share their bytes.
    for (const std::string_view name : {kLink, kLinkRelocations})
      if (is_at(bytes, section.name, name))
        cut(renamed, section.name, name);
  }
  if (const ObjectSection* types = btf_section(bytes, sections))
    rename_in_btf(renamed, types->header);
  return renamed;
}

}  // namespace fathom::bpf
