#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fathom::bpf {

/// A function of an ELF file.
struct ElfFunction {
  std::string name;
  std::uint64_t offset{};  ///< of its first instruction in the file, as uprobes count
};

/// The functions that a program or library defines, from `.symtab` and `.dynsym`; the version behind an '@' is no part
/// of a name, and a function that both have comes twice. Nothing for a damaged table. Throws Error with the path: a
/// file that cannot be read (errno), or is no ELF of a program or library (ENOEXEC).
[[nodiscard]] std::vector<ElfFunction> read_elf_functions(const std::string& path);
/// The same of a file's contents, which an error calls `name`.
[[nodiscard]] std::vector<ElfFunction> parse_elf_functions(std::span<const std::byte> bytes, const std::string& name);

}  // namespace fathom::bpf
