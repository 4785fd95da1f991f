#pragma once

#include "base/hex.hpp"

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace fathom::symbols {

/// The GNU build id among the notes of an ELF file or of a running kernel, in hex digits; empty where there is none.
/// Any bytes will do.
inline std::string build_id_in_notes(std::span<const std::byte> notes) {
  constexpr std::string_view kGnu{"GNU\0", 4};
  constexpr auto kPadded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  Elf64_Nhdr note{};  // the same for 32 bits
  for (std::uint64_t at = 0; at <= notes.size() && notes.size() - at >= sizeof note;) {
    std::memcpy(&note, notes.data() + at, sizeof note);
    const std::uint64_t name = at + sizeof note;
    const std::uint64_t content = name + kPadded(note.n_namesz);
    const std::uint64_t end = content + note.n_descsz;
    if (end > notes.size())
      break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == kGnu.size() &&
        std::memcmp(notes.data() + name, kGnu.data(), kGnu.size()) == 0)
      return hex_digits(notes.subspan(content, note.n_descsz));
    at = kPadded(end);
  }
  return {};
}

}  // namespace fathom::symbols
