#include "bpf/elf_functions.hpp"

#include <fathom/base/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

// Whatever the bytes are: no ELF of this machine, or functions with a name and with a place in the file's code.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    // Each table is read once, so there are no more functions than the two have room for.
    const auto functions = fathom::bpf::parse_elf_functions(bytes, "fuzz");
    constexpr std::size_t kSmallestSymbol = 16;
    if (functions.size() > 2 * (size / kSmallestSymbol))
      std::abort();
    for (const fathom::bpf::ElfFunction& function : functions)
      if (function.name.empty() ||
          std::string_view(function.name).find_first_of(std::string_view("\0@", 2)) != std::string_view::npos)
        std::abort();
  } catch (const fathom::Error& error) {
    if (error.code().value() != ENOEXEC || error.path() != "fuzz")
      std::abort();
  }
  return 0;
}
