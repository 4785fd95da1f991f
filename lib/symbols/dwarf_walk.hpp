#pragma once

#include "interval_map.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fathom::detail {

// Bounds against forged DWARF; no real file comes near.
inline constexpr std::size_t kMaxDieDepth = 512;
inline constexpr std::size_t kMaxRanges = 1U << 24U;

/// Calls `visit(Dwarf_Die&)` with the root of each unit that may have code.
template <class Visit>
void for_each_unit(Dwarf* dwarf, const Visit& visit) {
  Dwarf_Off offset = 0;
  Dwarf_Off next = 0;
  std::size_t header = 0;
  while (dwarf_nextcu(dwarf, offset, &next, &header, nullptr, nullptr, nullptr) == 0) {
    Dwarf_Die die;
    if (dwarf_offdie(dwarf, offset + header, &die) != nullptr) {
      const int tag = dwarf_tag(&die);
      if (tag == DW_TAG_compile_unit || tag == DW_TAG_skeleton_unit)
        visit(die);
    }
    if (next <= offset)
      break;
    offset = next;
  }
}

/// Adds the addresses of a unit, function or inlined call. Address 0 is that of code which the linker threw away.
inline void add_ranges(Dwarf_Die& die, std::uint32_t value, std::vector<Interval>& into) {
  Dwarf_Addr base = 0;
  Dwarf_Addr begin = 0;
  Dwarf_Addr end = 0;
  std::ptrdiff_t offset = 0;
  while (into.size() < kMaxRanges && (offset = dwarf_ranges(&die, offset, &base, &begin, &end)) > 0) {
    if (begin != 0 && begin < end)
      into.push_back({begin, end, value});
  }
}

/// Whether there may be functions below an element with this tag.
inline bool may_hold_code(int tag) {
  switch (tag) {
    case DW_TAG_compile_unit:
    case DW_TAG_skeleton_unit:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_with_stmt:
      return true;
    default:
      return false;
  }
}

/// Calls `visit(Dwarf_Die&, depth)` with each element below `root` that may be or hold a function, parents first, in
/// the order of the file. Ends at forged DWARF that goes back.
template <class Visit>
void walk_code(Dwarf_Die& root, const Visit& visit) {
  std::vector<Dwarf_Die> path(1);
  if (dwarf_child(&root, path.data()) != 0)
    return;
  Dwarf_Off last = dwarf_dieoffset(&root);
  while (!path.empty()) {
    Dwarf_Die& die = path.back();
    const Dwarf_Off offset = dwarf_dieoffset(&die);
    if (offset <= last)
      return;
    last = offset;
    if (may_hold_code(dwarf_tag(&die))) {
      visit(die, path.size() - 1);
      Dwarf_Die child;
      if (path.size() < kMaxDieDepth && dwarf_child(&die, &child) == 0) {
        path.push_back(child);
        continue;
      }
    }
    while (!path.empty() && dwarf_siblingof(&path.back(), &path.back()) != 0)
      path.pop_back();
  }
}

}  // namespace fathom::detail
