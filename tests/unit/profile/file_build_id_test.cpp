#include <fathom/symbols/process_map.hpp>

#include <gtest/gtest.h>

#include <elf.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <profile/file_build_id.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace fathom::profile {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
void put(Bytes& bytes, std::size_t at, const T& value) {
  bytes.resize(std::max(bytes.size(), at + sizeof value));
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// An ELF header, a segment of notes, and two notes: one of another owner before the build id.
Bytes elf_with_build_id() {
  Bytes file;
  Elf64_Ehdr header{};
  std::memcpy(static_cast<void*>(header.e_ident), ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  put(file, 0, header);
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = 256;
  segment.p_filesz = 20 + 20;
  put(file, sizeof header, segment);
  put(file, 256, Elf64_Nhdr{.n_namesz = 4, .n_descsz = 3, .n_type = NT_GNU_BUILD_ID});
  put(file, 268, std::array<char, 8>{'X', 'Y', 'Z', 0, 1, 2, 3});
  put(file, 276, Elf64_Nhdr{.n_namesz = 4, .n_descsz = 3, .n_type = NT_GNU_BUILD_ID});
  put(file, 288, std::array<unsigned char, 8>{'G', 'N', 'U', 0, 0xde, 0xad, 0x01});
  return file;
}

TEST(FileBuildId, IsTheNoteOfGnu) {
  EXPECT_EQ(parse_build_id(elf_with_build_id()), "dead01");
}

TEST(FileBuildId, DamagedFilesHaveNone) {
  const Bytes whole = elf_with_build_id();
  for (std::size_t size = 0; size < 295; ++size)
    EXPECT_EQ(parse_build_id(std::span(whole).first(size)), "") << size;
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    Bytes damaged = whole;
    for (int k = 0; k < 4; ++k)
      damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    EXPECT_LE(parse_build_id(damaged).size(), 2 * damaged.size());
  }
}

TEST(FileBuildId, OfThisProgramByItsMapping) {
  const ProcessMap own = read_maps(::getpid());
  const ProcessMapping* const code = own.find(reinterpret_cast<std::uint64_t>(&parse_build_id));
  ASSERT_NE(code, nullptr);
  CodeMapping mapping{.start = code->start,
                      .end = code->end,
                      .path = code->path,
                      .dev_major = code->dev_major,
                      .dev_minor = code->dev_minor,
                      .inode = code->inode};
  const std::string id = read_build_id(static_cast<std::uint32_t>(::getpid()), mapping, "/proc");
  EXPECT_EQ(id.size(), 40U);
  mapping.end += 4096;  // no such mapping: by its name, which is the same file still
  EXPECT_EQ(read_build_id(static_cast<std::uint32_t>(::getpid()), mapping, "/proc"), id);
  mapping.inode += 1;  // and now it is another
  EXPECT_EQ(read_build_id(static_cast<std::uint32_t>(::getpid()), mapping, "/proc"), "");
}

}  // namespace
}  // namespace fathom::profile
