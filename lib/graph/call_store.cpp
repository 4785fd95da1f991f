#include <fathom/graph/detail/call_store.hpp>

#include <algorithm>
#include <cstring>

namespace fathom::detail {

namespace {
constexpr std::size_t kBlockBytes = 16 * 1024;
}

std::string_view TextArena::keep(std::string_view text) {
  if (text.empty())
    return {};
  if (block_left_ < text.size()) {
    const std::size_t size = std::max(kBlockBytes, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    block_left_ = size;
    block_bytes_ += size;
  }
  char* place = blocks_.back().get() + (block_left_ - text.size());
  std::memcpy(place, text.data(), text.size());
  block_left_ -= text.size();
  return {place, text.size()};
}

std::size_t CallStore::allocated_bytes() const noexcept {
  std::size_t bytes = functions.allocated_bytes() + nodes.allocated_bytes() + entry_times.allocated_bytes() +
                      detail_of.allocated_bytes() + text.allocated_bytes();
  bytes += details.capacity() * sizeof(details[0]) + comments.capacity() * sizeof(comments[0]);
  bytes += departures.capacity() * sizeof(departures[0]) + trees.capacity() * sizeof(trees[0]);
  for (const CallTreeRecord& tree : trees)
    bytes += tree.comm.capacity() > std::string{}.capacity() ? tree.comm.capacity() + 1 : 0;
  return bytes;
}

}  // namespace fathom::detail
