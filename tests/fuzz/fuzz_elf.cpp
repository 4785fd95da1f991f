#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/symbols/elf_symbolizer.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// Whatever the bytes of an ELF file are: it is read or refused, and an address has functions or a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fathom::UniqueFd file(::memfd_create("fuzz", MFD_CLOEXEC));
  if (!file || ::write(file.get(), data, size) != static_cast<ssize_t>(size))
    std::abort();
  try {
    auto symbolizer = fathom::ElfSymbolizer::of_file(
        "/proc/self/fd/" + std::to_string(file.get()),
        {.files = std::make_shared<fathom::ElfFiles>(
             fathom::ElfFilesOptions{.debug_roots = {}, .debug_file_beside_binary = false, .debuginfod_urls = ""})});
    for (std::uint64_t address = 0x400000; address < 0x400400; address += 32) {
      const auto hit = symbolizer.symbolize(address);
      if (hit.failure().has_value() != hit.frames().empty())
        std::abort();
    }
  } catch (const fathom::Error&) {
    // No ELF.
  }
  return 0;
}
