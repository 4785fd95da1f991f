#include "dwarf_code.hpp"

#include "base/hex.hpp"
#include "demangle.hpp"
#include "dwarf_walk.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace fathom::detail {

namespace {

constexpr std::uint32_t kNoParent = std::numeric_limits<std::uint32_t>::max();

std::string string_of(Dwarf_Die& die, std::initializer_list<unsigned> names) {
  for (const unsigned name : names) {
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(&die, name, &attribute) == nullptr)
      continue;
    if (const char* const text = dwarf_formstring(&attribute))
      return text;
  }
  return {};
}

std::uint32_t number_of(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(&die, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0 ||
      value > std::numeric_limits<std::uint32_t>::max())
    return 0;
  return static_cast<std::uint32_t>(value);
}

}  // namespace

std::unique_ptr<DwarfCode> DwarfCode::read(std::unique_ptr<ElfImage> image, std::unique_ptr<ElfImage> supplement) {
  std::unique_ptr<DwarfCode> code(new DwarfCode);
  code->image_ = std::move(image);
  code->supplement_ = std::move(supplement);
  if (!code->open())
    return nullptr;
  code->read_units();
  return code;
}

DwarfCode::~DwarfCode() {
  close();
}

bool DwarfCode::open() {
  if (image_->dwfl_module() != nullptr) {
    Dwarf_Addr bias = 0;
    dwarf_ = dwfl_module_getdwarf(image_->dwfl_module(), &bias);
    return dwarf_ != nullptr;
  }
  dwarf_ = dwarf_begin_elf(image_->elf(), DWARF_C_READ, nullptr);
  if (dwarf_ == nullptr)
    return false;
  if (!image_->debug_strings_end() || (supplement_ != nullptr && !supplement_->debug_strings_end())) {
    dwarf_end(std::exchange(dwarf_, nullptr));
    return false;
  }
  if (supplement_ != nullptr) {
    supplement_dwarf_ = dwarf_begin_elf(supplement_->elf(), DWARF_C_READ, nullptr);
    dwarf_setalt(dwarf_, supplement_dwarf_);
  }
  return true;
}

void DwarfCode::close() noexcept {
  // A Dwarf of libdwfl's is freed with the Dwfl.
  if (image_ != nullptr && image_->dwfl_module() == nullptr) {
    dwarf_end(std::exchange(dwarf_, nullptr));
    dwarf_end(std::exchange(supplement_dwarf_, nullptr));
  }
}

void DwarfCode::forget() {
  close();
  for (Unit& unit : units_)
    unit = Unit{unit.die, false, {}, {}, nullptr, 0};
  decoded_records_ = 0;
  if (!open()) {
    units_.clear();
    unit_at_ = {};
  }
}

void DwarfCode::read_units() {
  std::vector<Interval> ranges;
  for_each_unit(dwarf_, [&](Dwarf_Die& die) {
    const auto index = static_cast<std::uint32_t>(units_.size());
    const std::size_t before = ranges.size();
    add_ranges(die, index, ranges);
    if (ranges.size() > before)
      units_.push_back({dwarf_dieoffset(&die), false, {}, {}, nullptr, 0});
  });
  unit_at_ = IntervalMap(std::move(ranges));
}

void DwarfCode::decode(Unit& unit) {
  unit.decoded = true;
  Dwarf_Die root;
  if (dwarf_ == nullptr || dwarf_offdie(dwarf_, unit.die, &root) == nullptr)
    return;
  if (dwarf_getsrclines(&root, &unit.lines, &unit.line_count) != 0)
    unit.line_count = 0;

  std::vector<Interval> ranges;
  // The innermost function around the element that is visited, by the depth of its elements.
  std::vector<std::uint32_t> around;
  walk_code(root, [&](Dwarf_Die& die, std::size_t depth) {
    around.resize(depth + 1, kNoParent);
    const std::uint32_t parent = depth == 0 ? kNoParent : around[depth - 1];
    around[depth] = parent;
    const int tag = dwarf_tag(&die);
    if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
      return;
    const bool inlined = tag == DW_TAG_inlined_subroutine;
    const auto index = static_cast<std::uint32_t>(unit.functions.size());
    const std::size_t before = ranges.size();
    add_ranges(die, index, ranges);
    if (ranges.size() == before)
      return;
    // A function within another, as a lambda, has code of its own.
    unit.functions.push_back(
        {dwarf_dieoffset(&die), inlined ? parent : kNoParent, inlined ? number_of(die, DW_AT_call_file) : 0,
         inlined ? number_of(die, DW_AT_call_line) : 0, inlined ? number_of(die, DW_AT_call_column) : 0, inlined});
    around[depth] = index;
  });
  unit.ranges = IntervalMap(std::move(ranges));
  decoded_records_ += unit.functions.size() + unit.ranges.size() + unit.line_count;
}

DwarfCode::Place DwarfCode::line_at(const Unit& unit, std::uint64_t address) {
  // By hand, for dwarf_getsrc_die() of elfutils 0.188 asserts what a damaged table does not hold.
  const auto line_address = [&unit](std::size_t index) {
    Dwarf_Addr value = 0;
    dwarf_lineaddr(dwarf_onesrcline(unit.lines, index), &value);
    return value;
  };
  std::size_t low = 0;
  std::size_t high = unit.line_count;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (line_address(middle) <= address)
      low = middle + 1;
    else
      high = middle;
  }
  Place place;
  if (low == 0)
    return place;
  Dwarf_Line* const row = dwarf_onesrcline(unit.lines, low - 1);
  bool end = false;
  if (dwarf_lineendsequence(row, &end) != 0 || end)
    return place;
  if (const char* const file = dwarf_linesrc(row, nullptr, nullptr))
    place.file = file;
  int number = 0;
  if (dwarf_lineno(row, &number) == 0 && number > 0)
    place.line = static_cast<std::uint32_t>(number);
  if (dwarf_linecol(row, &number) == 0 && number > 0)
    place.column = static_cast<std::uint32_t>(number);
  return place;
}

DwarfCode::Answer DwarfCode::at(std::uint64_t address) {
  Answer answer;
  std::vector<CodeFrame>& frames = answer.frames;
  const std::optional<std::uint32_t> number = unit_at_.find(address);
  if (!number)
    return answer;
  Unit& unit = units_[*number];
  if (!unit.decoded)
    decode(unit);

  Place place = line_at(unit, address);
  std::optional<std::uint32_t> index = unit.ranges.find(address);
  if (!index) {
    if (place.line != 0)
      frames.push_back({{}, {}, std::move(place.file), place.line, place.column, false});
    return answer;
  }
  Dwarf_Die root;
  Dwarf_Files* files = nullptr;
  std::size_t file_count = 0;
  if (dwarf_offdie(dwarf_, unit.die, &root) == nullptr || dwarf_getsrcfiles(&root, &files, &file_count) != 0)
    file_count = 0;
  for (std::uint32_t at = *index; at != kNoParent; at = unit.functions[at].parent) {
    const Function& function = unit.functions[at];
    CodeFrame& frame = frames.emplace_back();
    Dwarf_Die die;
    if (dwarf_offdie(dwarf_, function.die, &die) != nullptr) {
      frame.linkage_name = string_of(die, {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name});
      frame.function = demangled(frame.linkage_name);
      Dwarf_Addr entry = 0;
      if (!function.inlined && dwarf_entrypc(&die, &entry) == 0 && entry <= address)
        answer.start = entry;
    }
    frame.file = std::move(place.file);
    frame.line = place.line;
    frame.column = place.column;
    frame.inlined = function.inlined;
    place = {};
    if (function.inlined) {
      const char* const file =
          function.call_file < file_count ? dwarf_filesrc(files, function.call_file, nullptr, nullptr) : nullptr;
      place = {file == nullptr ? "" : file, function.call_line, function.call_column};
    }
  }
  return answer;
}

std::optional<DebugSupplement> debug_supplement(const ElfImage& image) {
  if (!image.has_section(".gnu_debugaltlink"))
    return std::nullopt;
  Dwarf* const dwarf = dwarf_begin_elf(image.elf(), DWARF_C_READ, nullptr);
  if (dwarf == nullptr)
    return std::nullopt;
  const char* name = nullptr;
  const void* id = nullptr;
  std::optional<DebugSupplement> supplement;
  if (const ssize_t size = dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &id); size > 0)
    supplement = {name, hex_digits({static_cast<const std::byte*>(id), static_cast<std::size_t>(size)})};
  dwarf_end(dwarf);
  return supplement;
}

}  // namespace fathom::detail
