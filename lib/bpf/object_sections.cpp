#include "object_sections.hpp"

#include "object_file.hpp"

#include <fathom/base/error.hpp>
#include <fathom/btf/btf.hpp>

#include <algorithm>
#include <cerrno>

namespace fathom::bpf {

bool is_at(std::span<const std::byte> bytes, std::uint64_t offset, std::string_view text) {
  return offset <= bytes.size() && text.size() < bytes.size() - offset &&
         std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0 &&
         bytes[offset + text.size()] == std::byte{0};
}

std::vector<ObjectSection> object_sections(std::span<const std::byte> bytes) {
  const auto elf = read_at<Elf64_Ehdr>(bytes, 0);
  const auto header = [&](std::uint64_t index) {
    return read_at<Elf64_Shdr>(bytes, elf.e_shoff + index * sizeof(Elf64_Shdr));
  };
  // Numbers that are too large for the file's header stand in the first section's (elf(5)).
  const Elf64_Shdr first = header(0);
  const std::uint64_t names = header(elf.e_shstrndx == SHN_XINDEX ? first.sh_link : elf.e_shstrndx).sh_offset;
  const std::uint64_t room =
      elf.e_shoff <= bytes.size() ? (bytes.size() - elf.e_shoff) / sizeof(Elf64_Shdr) : std::uint64_t{0};
  const std::uint64_t count = std::min<std::uint64_t>(elf.e_shnum == 0 ? first.sh_size : elf.e_shnum, room);
  std::vector<ObjectSection> sections;
  sections.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i)
    sections.push_back({names + header(i).sh_name, header(i)});
  return sections;
}

const ObjectSection* btf_section(std::span<const std::byte> bytes, std::span<const ObjectSection> sections) {
  const ObjectSection* last = nullptr;
  for (const ObjectSection& section : sections)
    if (is_at(bytes, section.name, ".BTF"))
      last = &section;
  return last;
}

void check_object_btf(std::span<const std::byte> bytes, const std::string& name) {
  const std::vector<ObjectSection> sections = object_sections(bytes);
  const ObjectSection* const section = btf_section(bytes, sections);
  if (section == nullptr)
    return;
  const std::uint64_t offset = section->header.sh_offset;
  const std::uint64_t size = section->header.sh_size;
  if (offset > bytes.size() || size > bytes.size() - offset)
    throw bad_object(EINVAL, "open", name, {}, "its section .BTF goes on behind the end of the file");
  try {
    (void)Btf::parse(bytes.subspan(offset, size));
  } catch (const Error& error) {
    throw bad_object(EINVAL, "open", name, {}, error.what());
  }
}

}  // namespace fathom::bpf
