#include <fathom/bpf/detail/map_calls.hpp>
#include <fathom/bpf/detail/map_walk.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace fathom::detail {

namespace {

// What is read at once: as much as costs little to hold.
constexpr std::size_t kBatchBytes = 256UL * 1024;
constexpr std::size_t kBatchEntries = 4096;

// These have a position that stays sound while entries go: a bucket or an index. The batches of others go on from a
// key.
bool has_batches(BpfMapType type) {
  switch (type) {
    case BpfMapType::hash:
    case BpfMapType::lru_hash:
    case BpfMapType::percpu_hash:
    case BpfMapType::lru_percpu_hash:
    case BpfMapType::array:
    case BpfMapType::percpu_array:
      return true;
    default:
      return false;
  }
}

}  // namespace

MapWalk::MapWalk(BpfMap map, std::size_t value_bytes)
    : map_(std::move(map)), value_bytes_(value_bytes), batches_(has_batches(map_.type())) {
  const std::size_t entry = map_.key_size() + value_bytes_;
  reserve(batches_ ? std::clamp<std::size_t>(std::min(kBatchBytes / entry, kBatchEntries), 1,
                                             std::max<std::size_t>(map_.max_entries(), 1))
                   : 1);
}

void MapWalk::reserve(std::size_t entries) {
  keys_.resize(entries * map_.key_size());
  values_.resize(entries * value_bytes_);
}

bool MapWalk::next() {
  return batches_ ? next_batch() : next_single();
}

bool MapWalk::next_batch() {
  if (++at_ < count_)
    return true;
  while (!ended_) {
    MapBatch batch{.from = started_ ? &position_ : nullptr,
                   .to = &position_,
                   .keys = keys_.data(),
                   .values = values_.data(),
                   .count = static_cast<std::uint32_t>(keys_.size() / map_.key_size())};
    const int error = map_lookup_batch(map_.native_handle(), batch);
    if (error == ENOSPC) {  // one bucket has more entries than there is room for
      reserve(keys_.size() / map_.key_size() * 2);
      continue;
    }
    ended_ = error == ENOENT;  // the last batch, which has entries as well
    if (error != 0 && !ended_)
      map_failed(map_, "go through", error);
    started_ = true;
    at_ = 0;
    count_ = batch.count;
    if (count_ > 0)
      return true;
  }
  return false;
}

void MapWalk::look_ahead(const void* from) {
  ahead_.resize(map_.key_size());
  const int error = map_next_key(map_.native_handle(), from, ahead_.data());
  if (error == ENOENT)
    ahead_.clear();
  else if (error != 0)
    map_failed(map_, "go through", error);
}

bool MapWalk::next_single() {
  // After a key that is gone the kernel begins anew; this many steps are more than a few new beginnings take.
  const std::size_t most = std::size_t{64} * (map_.max_entries() + std::size_t{1});
  if (!started_)
    look_ahead(nullptr);
  started_ = true;
  while (!ahead_.empty() && count_++ < most) {
    std::ranges::copy(ahead_, keys_.begin());
    look_ahead(keys_.data());
    if (!seen_.emplace(keys_).second)
      continue;
    const int error = map_lookup(map_.native_handle(), keys_.data(), values_.data(), 0);
    if (error == 0)
      return true;
    if (error != ENOENT)
      map_failed(map_, "go through", error);
  }
  if (!ahead_.empty())
    map_failed(map_, "go through", EAGAIN, "others empty and fill it faster than it can be read");
  return false;
}

}  // namespace fathom::detail
