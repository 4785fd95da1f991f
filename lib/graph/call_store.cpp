#include <fathom/graph/detail/call_store.hpp>

namespace fathom::detail {

std::size_t CallStore::allocated_bytes() const noexcept {
  std::size_t bytes = functions.allocated_bytes() + texts.allocated_bytes() + nodes.allocated_bytes() +
                      entry_times.allocated_bytes() + detail_of.allocated_bytes();
  bytes += details.capacity() * sizeof(details[0]) + comments.capacity() * sizeof(comments[0]);
  bytes += departures.capacity() * sizeof(departures[0]) + trees.capacity() * sizeof(trees[0]);
  for (const CallTreeRecord& tree : trees)
    bytes += tree.comm.capacity() > std::string{}.capacity() ? tree.comm.capacity() + 1 : 0;
  return bytes;
}

}  // namespace fathom::detail
