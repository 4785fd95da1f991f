#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::bpf {

/// A section of an object whose bytes nobody has checked.
struct ObjectSection {
  std::uint64_t name{};  ///< where in the file its name should be
  Elf64_Shdr header{};
};

/// What `T` is at the offset; zeros where the file ends before.
template <class T>
[[nodiscard]] T read_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  T value{};
  if (offset <= bytes.size() && sizeof(T) <= bytes.size() - offset)
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

/// Whether this text, with the 0 that ends it, is there.
[[nodiscard]] bool is_at(std::span<const std::byte> bytes, std::uint64_t offset, std::string_view text);

/// The table of sections, as far as the file has it.
[[nodiscard]] std::vector<ObjectSection> object_sections(std::span<const std::byte> bytes);

/// The section `.BTF`: one, so that the work does not grow with their number, and the last, which libbpf takes too.
/// Null if there is none.
[[nodiscard]] const ObjectSection* btf_section(std::span<const std::byte> bytes,
                                               std::span<const ObjectSection> sections);

/// Throws BpfError (bad_object) with what is wrong in the types of the object `name`, if it has any: libbpf (1.1) reads
/// them as if they were sound.
void check_object_btf(std::span<const std::byte> bytes, const std::string& name);

}  // namespace fathom::bpf
