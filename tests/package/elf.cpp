#include <fathom/symbols/elf_symbolizer.hpp>

#include <unistd.h>

#include <cstdint>
#include <cstdlib>

// The library and elfutils were really linked, for this program finds the name of its own function.
int main() {
  auto symbolizer = fathom::ElfSymbolizer::of_process(::getpid());
  const fathom::SymbolizedAddress hit = symbolizer.symbolize(reinterpret_cast<std::uintptr_t>(&main));
  return hit && hit.frames().back().function == "main" && hit.offset() == 0 ? 0 : 1;
}
