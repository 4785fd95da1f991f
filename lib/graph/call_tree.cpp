#include <fathom/graph/call_tree.hpp>

namespace fathom {

std::optional<Task> CallTree::task() const noexcept {
  const detail::CallTreeRecord& tree = record();
  if (!tree.pid)
    return std::nullopt;
  return Task{*tree.pid, tree.comm};
}

std::optional<std::uint32_t> CallTree::cpu() const noexcept {
  if (record().cpu == detail::kUnknownCpu)
    return std::nullopt;
  return record().cpu;
}

}  // namespace fathom
