#include "object_file.hpp"

#include <fathom/base/nearest_names.hpp>
#include <fathom/base/unique_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
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
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd)
    throw bad_object(errno, "open", path, {}, {});
  std::vector<std::byte> bytes;
  constexpr std::size_t kStep = 64UL * 1024;
  for (std::size_t size = 0;;) {
    bytes.resize(size + kStep);
    const ssize_t count = ::read(fd.get(), bytes.data() + size, kStep);
    if (count < 0 && errno != EINTR)
      throw bad_object(errno, "read", path, {}, {});
    size += count > 0 ? static_cast<std::size_t>(count) : 0;
    if (count == 0) {
      bytes.resize(size);
      return bytes;
    }
  }
}

void check_object_file(std::span<const std::byte> bytes, const std::string& name) {
  if (std::string wrong = wrong_with(bytes); !wrong.empty())
    throw bad_object(ENOEXEC, "open", name, {}, std::move(wrong));
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
