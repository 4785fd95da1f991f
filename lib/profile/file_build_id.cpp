#include "file_build_id.hpp"

#include "symbols/build_id_notes.hpp"

#include <fathom/base/unique_fd.hpp>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

namespace fathom::profile {

namespace {

// Notes stand at the beginning of a file, right behind the table of segments.
constexpr std::size_t kHeadBytes = 64UL * 1024;

template <class T>
std::optional<T> read_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
    return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class Header, class Segment>
std::string build_id_in_segments(std::span<const std::byte> file) {
  const auto header = read_at<Header>(file, 0);
  if (!header || header->e_phentsize != sizeof(Segment))
    return {};
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const auto segment = read_at<Segment>(file, header->e_phoff + std::uint64_t{i} * sizeof(Segment));
    if (!segment)
      break;
    if (segment->p_type != PT_NOTE || segment->p_offset > file.size())
      continue;
    const std::size_t size = std::min<std::uint64_t>(segment->p_filesz, file.size() - segment->p_offset);
    if (std::string id = symbols::build_id_in_notes(file.subspan(segment->p_offset, size)); !id.empty())
      return id;
  }
  return {};
}

bool is_same_file(int fd, const CodeMapping& mapping) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == mapping.inode &&
         ::major(status.st_dev) == mapping.dev_major && ::minor(status.st_dev) == mapping.dev_minor;
}

std::string hex_number(std::uint64_t value) {
  std::array<char, 17> text{};
  const int size = std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(value));
  return {text.data(), static_cast<std::size_t>(size)};
}

UniqueFd open_for_reading(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

UniqueFd open_mapped(std::uint32_t pid, const CodeMapping& mapping, const std::string& proc) {
  const std::string folder = proc + '/' + std::to_string(pid);
  UniqueFd fd = open_for_reading(folder + "/map_files/" + hex_number(mapping.start) + '-' + hex_number(mapping.end));
  // By its name as the process sees it, or, if that is gone, as we do.
  for (const std::string& root : {folder + "/root", std::string()}) {
    if (fd)
      break;
    fd = open_for_reading(root + mapping.path);
    if (fd && !is_same_file(fd.get(), mapping))
      fd.reset();
  }
  return fd;
}

}  // namespace

std::string parse_build_id(std::span<const std::byte> file) {
  const auto ident = read_at<std::array<unsigned char, EI_NIDENT>>(file, 0);
  if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0)
    return {};
  if ((*ident)[EI_CLASS] == ELFCLASS64)
    return build_id_in_segments<Elf64_Ehdr, Elf64_Phdr>(file);
  if ((*ident)[EI_CLASS] == ELFCLASS32)
    return build_id_in_segments<Elf32_Ehdr, Elf32_Phdr>(file);
  return {};
}

std::string read_build_id(std::uint32_t pid, const CodeMapping& mapping, const std::string& proc) {
  if (!mapping.has_code_file() || mapping.inode == 0)
    return {};
  const UniqueFd fd = open_mapped(pid, mapping, proc);
  if (!fd)
    return {};
  std::vector<std::byte> head(kHeadBytes);
  const ssize_t size = ::pread(fd.get(), head.data(), head.size(), 0);
  return size <= 0 ? std::string() : parse_build_id(std::span(head).first(static_cast<std::size_t>(size)));
}

}  // namespace fathom::profile
