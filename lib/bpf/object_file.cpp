#include "object_file.hpp"

#include <fathom/base/nearest_names.hpp>
#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace fathom::bpf {

namespace {

// The start of an ELF file (elf(5)), both classes alike up to here.
struct ElfStart {
  std::array<unsigned char, 4> magic;
  unsigned char file_class;
  unsigned char data;  // byte order: 1 little, 2 big
  std::array<unsigned char, 10> rest;
  std::uint16_t type;
  std::uint16_t machine;
};
constexpr std::uint16_t kRelocatable = 1;
constexpr std::uint16_t kEmBpf = 247;
constexpr unsigned char kClass64 = 2;
constexpr unsigned char kOwnOrder = std::endian::native == std::endian::little ? 1 : 2;

std::string wrong_with(std::span<const std::byte> bytes) {
  ElfStart elf{};
  if (bytes.size() < sizeof(elf))
    return "not an ELF file: it has " + std::to_string(bytes.size()) + " bytes";
  std::memcpy(&elf, bytes.data(), sizeof(elf));
  if (elf.magic != std::array<unsigned char, 4>{0x7f, 'E', 'L', 'F'})
    return "not an ELF file";
  if (elf.data != kOwnOrder)
    return std::string("for the other byte order: compile it with -target bpf") + (kOwnOrder == 1 ? "el" : "eb");
  if (elf.machine != kEmBpf)
    return "an ELF file for another machine (number " + std::to_string(elf.machine) +
           "), not for BPF: compile it with clang -target bpf";
  if (elf.file_class != kClass64 || elf.type != kRelocatable)
    return "not a relocatable object of 64 bits: compile it with clang -target bpf -c";
  return {};
}

// Far above any object's, and memory that a wrong path may cost.
constexpr std::uint64_t kMostBytes = 256UL << 20;

void check_size(const std::string& path, std::uint64_t size) {
  if (size > kMostBytes)
    throw bad_object(EFBIG, "open", path, {}, "it has more than 256 MiB: no object is as large");
}

std::uint64_t size_of(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0)
    throw bad_object(errno, "open", path, {}, {});
  if (!S_ISREG(status.st_mode))
    throw bad_object(S_ISDIR(status.st_mode) ? EISDIR : EINVAL, "open", path, {}, "not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

BpfError bad_object(int errno_value, std::string_view operation, std::string_view object, std::string_view name,
                    std::string hint, std::string messages) {
  return BpfError({.errno_value = errno_value,
                   .operation = std::string(operation),
                   .object = std::string(object),
                   .name = std::string(name),
                   .cause = BpfCause::bad_object,
                   .hint = std::move(hint),
                   .messages = std::move(messages)});
}

std::vector<std::byte> read_object_file(const std::string& path) {
  // Without waiting for who writes to a pipe.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd)
    throw bad_object(errno, "open", path, {}, {});
  check_size(path, size_of(fd.get(), path));
  std::vector<std::byte> bytes;
  constexpr std::size_t kStep = 64UL * 1024;
  for (std::size_t size = 0;;) {
    bytes.resize(size + kStep);
    const ssize_t count = ::read(fd.get(), bytes.data() + size, kStep);
    if (count < 0 && errno != EINTR)
      throw bad_object(errno, "read", path, {}, {});
    size += count > 0 ? static_cast<std::size_t>(count) : 0;
    check_size(path, size);  // files of /proc and /sys do not know theirs
    if (count == 0) {
      bytes.resize(size);
      return bytes;
    }
  }
}

void check_object_file(std::span<const std::byte> bytes, const std::string& origin) {
  if (std::string wrong = wrong_with(bytes); !wrong.empty())
    throw bad_object(ENOEXEC, "open", origin, {}, std::move(wrong));
}

std::string nearest_hint(std::string_view name, std::span<const std::string> names) {
  NearestNames nearest(name);
  for (const std::string& candidate : names)
    nearest.offer(candidate);
  std::string hint;
  for (const std::string& near : nearest.names())
    hint += (hint.empty() ? "nearest: " : ", ") + near;
  return hint;
}

}  // namespace fathom::bpf
