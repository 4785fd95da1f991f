#include "elf_symbol_table.hpp"

#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace fathom::detail {

namespace {

struct Candidate {
  std::uint64_t start;
  std::uint64_t size;
  std::uint64_t section_end;
  std::string_view name;  // in the image
  bool weak;
  bool local;
  bool stub = false;  // of this function, which is elsewhere
};

std::size_t leading_underscores(std::string_view name) {
  return std::min(name.find_first_not_of('_'), name.size());
}

// Of two with one range: the rule of choose_best_symbol() in tools/perf/util/symbol.c (Linux 6.12).
bool worse(const Candidate& a, const Candidate& b) {
  return std::tuple(b.weak, b.local, leading_underscores(b.name), a.name.size(), a.name) <
         std::tuple(a.weak, a.local, leading_underscores(a.name), b.name.size(), b.name);
}

// How many bytes the names have in the file.
std::uint64_t names_in_file(const std::vector<const ElfImage*>& images) {
  std::uint64_t bytes = 0;
  for (const ElfImage* image : images) {
    for (Elf_Scn* section = elf_nextscn(image->elf(), nullptr); section != nullptr;
         section = elf_nextscn(image->elf(), section)) {
      GElf_Shdr heading;
      const Elf_Data* data = nullptr;
      if (gelf_getshdr(section, &heading) != nullptr && heading.sh_type == SHT_STRTAB)
        data = elf_getdata(section, nullptr);
      if (data != nullptr)
        bytes += data->d_size;
    }
  }
  return bytes;
}

template <class Visit>
void for_each_symbol(const ElfImage& image, GElf_Word table, const Visit& visit) {
  Elf* const elf = image.elf();
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    GElf_Shdr heading;
    if (gelf_getshdr(section, &heading) == nullptr || heading.sh_type != table)
      continue;
    Elf_Data* const data = elf_getdata(section, nullptr);
    const std::size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    if (data == nullptr || data->d_buf == nullptr || entry == 0)
      continue;
    const std::size_t count = std::min<std::size_t>(data->d_size / entry, 1U << 30U);
    for (std::size_t i = 1; i < count; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr)
        break;
      const std::string_view name = elf_name(elf_strptr(elf, heading.sh_link, symbol.st_name));
      if (!name.empty() && !visit(symbol, name))
        return;
    }
    // There is one of each kind. A forged file could name the same bytes a million times.
    return;
  }
}

std::uint64_t address_in(const ElfImage& image, const GElf_Sym& symbol) {
  const bool by_section = image.relocatable() && symbol.st_shndx < image.sections().size();
  return symbol.st_value + (by_section ? image.sections()[symbol.st_shndx].address : 0);
}

bool collect(const ElfImage& image, GElf_Word table, std::vector<Candidate>& into) {
  const std::size_t before = into.size();
  for_each_symbol(image, table, [&](const GElf_Sym& symbol, std::string_view name) {
    const int type = GELF_ST_TYPE(symbol.st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) || symbol.st_shndx == SHN_UNDEF ||
        symbol.st_shndx >= image.sections().size())
      return true;
    const ElfImage::Section& section = image.sections()[symbol.st_shndx];
    const std::uint64_t address = address_in(image, symbol);
    if (!section.code || address < section.address || address - section.address >= section.size)
      return true;
    const int binding = GELF_ST_BIND(symbol.st_info);
    into.push_back(
        {address, symbol.st_size, section.address + section.size, name, binding == STB_WEAK, binding == STB_LOCAL});
    return true;
  });
  return into.size() > before;
}

}  // namespace

std::string_view elf_name(const char* name) noexcept {
  const std::size_t size = name == nullptr ? 0 : ::strnlen(name, kLongestElfName + 1);
  return {name, size > kLongestElfName ? 0 : size};
}

ElfSymbolTable::ElfSymbolTable(const std::vector<const ElfImage*>& images) {
  std::vector<Candidate> found;
  bool complete = false;
  for (const ElfImage* image : images)
    complete = collect(*image, SHT_SYMTAB, found) || complete;
  // .gnu_debugdata leaves out what .dynsym has; besides .symtab, .dynsym says nothing new.
  if (!images.empty() && (!complete || images.front()->has_section(".gnu_debugdata")))
    collect(*images.front(), SHT_DYNSYM, found);
  const std::vector<PltStub> stubs = images.empty() ? std::vector<PltStub>() : plt_stubs(*images.front());
  for (const PltStub& stub : stubs)
    found.push_back({stub.address, stub.size, stub.address + stub.size, stub.function, false, true, true});

  std::ranges::sort(found, [](const Candidate& a, const Candidate& b) {
    return std::tie(a.start, a.size) != std::tie(b.start, b.size)
               ? std::tie(a.start, a.size) < std::tie(b.start, b.size)
               : worse(b, a);
  });
  const auto same = [](const Candidate& a, const Candidate& b) { return a.start == b.start && a.size == b.size; };
  const auto rest = std::ranges::unique(found, same);
  found.erase(rest.begin(), rest.end());

  // What is merged with the end of a longer name is stored again, and a stub's with what marks it.
  const std::uint64_t most_names = std::min<std::uint64_t>(4 * names_in_file(images) + (1U << 20U), UINT32_MAX);
  std::vector<Interval> sized;
  std::vector<Interval> labels;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Candidate& symbol = found[i];
    constexpr std::string_view kStub = "@plt";
    const std::string_view suffix = symbol.stub ? kStub : std::string_view();
    if (names_.size() + symbol.name.size() + suffix.size() > most_names)
      break;  // no linker makes such a file
    const auto index = static_cast<std::uint32_t>(symbols_.size());
    if (symbol.size != 0) {
      const std::uint64_t end = symbol.start + symbol.size;
      sized.push_back({symbol.start, end < symbol.start ? symbol.section_end : end, index});
    } else {
      std::size_t next = i + 1;
      while (next < found.size() && found[next].start == symbol.start)
        ++next;
      labels.push_back({symbol.start,
                        next < found.size() ? std::min(found[next].start, symbol.section_end) : symbol.section_end,
                        index});
    }
    symbols_.push_back({symbol.start, static_cast<std::uint32_t>(names_.size()),
                        static_cast<std::uint32_t>(symbol.name.size() + suffix.size())});
    names_.append(symbol.name).append(suffix);
  }
  symbols_.shrink_to_fit();
  names_.shrink_to_fit();
  sized_ = IntervalMap(std::move(sized));
  labels_ = IntervalMap(std::move(labels));
}

std::optional<ElfSymbolTable::Hit> ElfSymbolTable::find(std::uint64_t address) const noexcept {
  std::optional<std::uint32_t> index = sized_.find(address);
  if (!index)
    index = labels_.find(address);
  if (!index)
    return std::nullopt;
  const Symbol& symbol = symbols_[*index];
  return Hit{std::string_view(names_).substr(symbol.name, symbol.size), symbol.start};
}

std::optional<std::uint64_t> ElfSymbolTable::address_of(const ElfImage& image, std::string_view name) {
  std::optional<std::uint64_t> address;
  for_each_symbol(image, SHT_SYMTAB, [&](const GElf_Sym& symbol, std::string_view candidate) {
    if (candidate == name && symbol.st_shndx != SHN_UNDEF)
      address = address_in(image, symbol);
    return !address;
  });
  return address;
}

}  // namespace fathom::detail
