#include "elf_symbol_table.hpp"

#include <gelf.h>

#include <array>
#include <cstring>
#include <unordered_map>

namespace fathom::detail {

namespace {

// By the address of the slot in the global offset table: the name of the function whose address is put there.
std::unordered_map<std::uint64_t, std::string_view> slot_names(const ElfImage& image) {
  std::unordered_map<std::uint64_t, std::string_view> names;
  Elf* const elf = image.elf();
  // .rela.dyn and .rela.plt; a forged file could name the same bytes a million times.
  int tables = 4;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    GElf_Shdr heading;
    if (gelf_getshdr(section, &heading) == nullptr || heading.sh_type != SHT_RELA ||
        (heading.sh_flags & SHF_ALLOC) == 0)
      continue;
    if (--tables < 0)
      break;
    Elf_Scn* const symbol_section = elf_getscn(elf, heading.sh_link);
    GElf_Shdr symbol_heading;
    if (symbol_section == nullptr || gelf_getshdr(symbol_section, &symbol_heading) == nullptr)
      continue;
    Elf_Data* const relocations = elf_getdata(section, nullptr);
    Elf_Data* const symbols = elf_getdata(symbol_section, nullptr);
    if (relocations == nullptr || symbols == nullptr)
      continue;
    for (int i = 0;; ++i) {
      GElf_Rela relocation;
      GElf_Sym symbol;
      if (gelf_getrela(relocations, i, &relocation) == nullptr)
        break;
      const auto type = GELF_R_TYPE(relocation.r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
        continue;
      if (gelf_getsym(symbols, static_cast<int>(GELF_R_SYM(relocation.r_info)), &symbol) == nullptr)
        continue;
      const char* const name = elf_strptr(elf, symbol_heading.sh_link, symbol.st_name);
      if (const std::string_view text = elf_name(name); !text.empty())
        names.emplace(relocation.r_offset, text);
    }
  }
  return names;
}

// The slot that a stub jumps through: [endbr64] [bnd] jmp *DISPLACEMENT(%rip), somewhere in the stub.
std::optional<std::uint64_t> slot_of(const unsigned char* stub, std::size_t size, std::uint64_t address) {
  for (std::size_t i = 0; i + 6 <= size; ++i) {
    if (stub[i] != 0xff || stub[i + 1] != 0x25)
      continue;
    std::int32_t displacement = 0;
    std::memcpy(&displacement, stub + i + 2, sizeof displacement);
    return address + i + 6 + static_cast<std::uint64_t>(static_cast<std::int64_t>(displacement));
  }
  return std::nullopt;
}

}  // namespace

std::vector<PltStub> plt_stubs(const ElfImage& image) {
  std::vector<PltStub> stubs;
  if (!image.x86_64() || image.relocatable())
    return stubs;
  struct Table {
    std::string_view section;
    std::size_t stub;
  };
  constexpr std::array<Table, 4> kTables{{{".plt", 16}, {".plt.sec", 16}, {".plt.bnd", 8}, {".plt.got", 8}}};
  std::unordered_map<std::uint64_t, std::string_view> names;
  for (std::size_t s = 0; s < image.sections().size(); ++s) {
    const ElfImage::Section& section = image.sections()[s];
    for (const Table& table : kTables) {
      if (section.name != table.section || !section.code || !section.in_file)
        continue;
      Elf_Data* const data = elf_getdata(elf_getscn(image.elf(), s), nullptr);
      if (data == nullptr || data->d_buf == nullptr)
        continue;
      if (names.empty())
        names = slot_names(image);
      // With -z ibtplt a stub of .plt.got begins with endbr64 and has 16 bytes.
      const auto* const bytes = static_cast<const unsigned char*>(data->d_buf);
      const bool endbr64 = data->d_size >= 4 && std::memcmp(bytes, "\xf3\x0f\x1e\xfa", 4) == 0;
      const std::size_t size = endbr64 ? 16 : table.stub;
      for (std::size_t at = 0; at + size <= data->d_size; at += size) {
        const std::optional<std::uint64_t> slot = slot_of(bytes + at, size, section.address + at);
        const auto name = slot ? names.find(*slot) : names.end();
        if (name != names.end())
          stubs.push_back({section.address + at, size, name->second});
      }
    }
  }
  return stubs;
}

}  // namespace fathom::detail
