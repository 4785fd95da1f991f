#pragma once

#include <fathom/graph/call_forest.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace fathom::test {

/// What is wrong with the links and marks of a finished forest whose exits all had durations, whatever its events said;
/// empty if nothing is: each call stands in one place, deeper than its parent, and what is missing shows in the marks.
inline std::string_view unsoundness(const CallForest& forest) {
  std::vector<bool> seen(forest.calls());
  std::size_t placed = 0;
  for (const CallTree tree : forest.trees()) {
    std::size_t in_tree = 0;
    for (const Call call : tree.preorder()) {
      ++in_tree;
      if (seen[call.index()])
        return "a call stands in two places";
      seen[call.index()] = true;
      if (call.tree_index() != tree.index())
        return "a call does not know its tree";
      if (call.has(CallMark::no_exit) == call.duration().has_value())
        return "a duration without a return, or a return without a duration";
      const auto parent = call.parent();
      if (!parent) {
        if (call.has(CallMark::parents_unknown) != (call.depth() != 0))
          return "a deep root without a mark, or the other way round";
        continue;
      }
      // Depths are saturated, and two calls at the end of the scale may be caller and callee.
      constexpr std::uint32_t kDeepest = 65535;
      if (parent->depth() == kDeepest)
        continue;
      if (call.depth() <= parent->depth())
        return "a call is not deeper than its caller";
      if (call.has(CallMark::parents_unknown) != (call.depth() != parent->depth() + 1) && call.depth() != kDeepest)
        return "a gap in the depths without a mark, or the other way round";
      if ((call.has(CallMark::no_exit) || call.has(CallMark::parents_unknown)) && parent->complete())
        return "a caller is complete, and what it called is not";
    }
    if (in_tree != tree.calls())
      return "a tree counts other calls than it holds";
    placed += in_tree;
  }
  return placed == forest.calls() ? "" : "a call stands nowhere";
}

}  // namespace fathom::test
