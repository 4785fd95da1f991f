#include "dwarf_walk.hpp"
#include "elf_image.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/dwarf_inline_sites.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fathom {

namespace {

using detail::ElfImage;

struct DwarfEnd {
  void operator()(Dwarf* dwarf) const noexcept { dwarf_end(dwarf); }
};

// As the source has it: DW_AT_name, which of an inlined call stands where it was declared.
std::string_view name_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  const char* const name =
      dwarf_attr_integrate(&die, DW_AT_name, &attribute) == nullptr ? nullptr : dwarf_formstring(&attribute);
  return name == nullptr ? std::string_view() : name;
}

// Which element of the DWARF an inlined call or a copy is of; its own if it is of none.
Dwarf_Off origin_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  Dwarf_Die origin;
  return dwarf_attr(&die, DW_AT_abstract_origin, &attribute) != nullptr &&
                 dwarf_formref_die(&attribute, &origin) != nullptr
             ? dwarf_dieoffset(&origin)
             : dwarf_dieoffset(&die);
}

bool has_code(Dwarf_Die& die) {
  Dwarf_Addr base = 0;
  Dwarf_Addr begin = 0;
  Dwarf_Addr end = 0;
  return dwarf_ranges(&die, 0, &base, &begin, &end) > 0;
}

struct HashName {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>()(name); }
};

}  // namespace

struct DwarfInlineSites::Table {
  struct Entry {
    const std::string* name = nullptr;  // the key, which stays where it is
    std::size_t copies = 0;
    std::size_t sites = 0;
    std::vector<const Entry*> callers;
  };

  std::string path;
  std::unordered_map<std::string, Entry, HashName, std::equal_to<>> entries;

  Entry& entry(std::string_view name) {
    auto at = entries.find(name);
    if (at == entries.end()) {
      at = entries.emplace(name, Entry{}).first;
      at->second.name = &at->first;
    }
    return at->second;
  }

  void read_unit(Dwarf_Die& root, std::size_t max_callers);
};

void DwarfInlineSites::Table::read_unit(Dwarf_Die& root, std::size_t max_callers) {
  // A unit refers to the same few declarations again and again: each name is looked up once.
  std::unordered_map<Dwarf_Off, Entry*> known;
  // The function around the element that is visited, by the depth of its elements.
  std::vector<const Entry*> around;
  detail::walk_code(root, [&](Dwarf_Die& die, std::size_t depth) {
    around.resize(depth + 1, nullptr);
    const Entry* const caller = depth == 0 ? nullptr : around[depth - 1];
    around[depth] = caller;
    const int tag = dwarf_tag(&die);
    if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
      return;
    Entry*& entry_here = known[origin_of(die)];
    if (entry_here == nullptr) {
      const std::string_view name = name_of(die);
      if (name.empty())
        return;
      entry_here = &entry(name);
    }
    around[depth] = entry_here;
    if (tag == DW_TAG_subprogram) {
      entry_here->copies += has_code(die) ? 1U : 0U;
      return;
    }
    ++entry_here->sites;
    std::vector<const Entry*>& callers = entry_here->callers;
    if (caller != nullptr && callers.size() < max_callers && std::ranges::find(callers, caller) == callers.end())
      callers.push_back(caller);
  });
}

DwarfInlineSites::DwarfInlineSites(const std::string& path, const DwarfInlineSitesOptions& options) {
  UniqueFd fd = detail::open_regular(path);
  if (!fd)
    throw Error(errno, "open", path);
  const auto image = ElfImage::of_file(std::move(fd), detail::FileTrust::system);
  if (image == nullptr)
    throw Error(std::errc::executable_format_error, "read", path, "it is no ELF file");
  const std::unique_ptr<Dwarf, DwarfEnd> dwarf(dwarf_begin_elf(image->elf(), DWARF_C_READ, nullptr));
  if (dwarf == nullptr || !image->debug_strings_end())
    throw Error(std::errc::executable_format_error, "read the DWARF of", path,
                "it has none: the debug package holds a vmlinux that has");
  auto table = std::make_unique<Table>();
  table->path = path;
  detail::for_each_unit(dwarf.get(), [&](Dwarf_Die& unit) { table->read_unit(unit, options.max_callers); });
  table_ = std::move(table);
}

DwarfInlineSites::~DwarfInlineSites() = default;

std::optional<InlineSummary> DwarfInlineSites::find(std::string_view function) const {
  const auto at = table_->entries.find(function);
  if (at == table_->entries.end() || (at->second.copies == 0 && at->second.sites == 0))
    return std::nullopt;
  InlineSummary summary{at->second.copies, at->second.sites, {}};
  for (const Table::Entry* caller : at->second.callers)
    summary.callers.push_back(*caller->name);
  return summary;
}

const std::string& DwarfInlineSites::source() const noexcept {
  return table_->path;
}

std::size_t DwarfInlineSites::size() const noexcept {
  return table_->entries.size();
}

}  // namespace fathom
