#include "address_index.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace fathom::detail {

namespace {

constexpr std::int32_t kUnused = std::numeric_limits<std::int32_t>::max();

std::uint32_t high_half(std::uint64_t address) noexcept {
  return static_cast<std::uint32_t>(address >> 32U);
}

std::int32_t key_of(std::uint64_t address) noexcept {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(address) ^ 0x8000'0000U);
}

std::uint32_t low_half(std::int32_t key) noexcept {
  return static_cast<std::uint32_t>(key) ^ 0x8000'0000U;
}

// How many keys are no greater. Written so that compilers make four comparisons of four of it.
template <std::size_t Count>
std::uint32_t rank(const std::array<std::int32_t, Count>& keys, std::int32_t key) noexcept {
  std::int32_t greater = 0;
  for (const std::int32_t k : keys)
    greater -= static_cast<std::int32_t>(k > key);
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(Count) + greater);
}

}  // namespace

void AddressIndex::Builder::add(std::uint64_t address, std::uint32_t value) {
  const std::uint32_t high = high_half(address);
  if (index_.segments_.empty() || index_.segments_.back().high != high)
    index_.segments_.push_back({high, static_cast<std::uint32_t>(index_.leaves_.size()), 0, 0, 0, {}});
  Segment& segment = index_.segments_.back();
  const std::size_t slot = segment.count++ % kFanout;
  if (slot == 0) {
    ++segment.leaves;
    index_.leaves_.emplace_back().keys.fill(kUnused);
  }
  Leaf& leaf = index_.leaves_.back();
  leaf.keys[slot] = key_of(address);
  leaf.values[slot] = value;
}

AddressIndex AddressIndex::Builder::finish() && {
  for (Segment& segment : index_.segments_)
    index_.build_nodes(segment);
  const auto main = std::ranges::max_element(index_.segments_, {}, &Segment::count);
  index_.main_ = static_cast<std::size_t>(main - index_.segments_.begin());
  index_.nodes_.shrink_to_fit();
  index_.segments_.shrink_to_fit();
  // Growing leaves half of the room unused at worst; a little is not worth the copy.
  constexpr std::size_t kSpare = 8;
  if (index_.leaves_.capacity() - index_.leaves_.size() > index_.leaves_.size() / kSpare)
    index_.leaves_.shrink_to_fit();
  return std::move(index_);
}

void AddressIndex::build_nodes(Segment& segment) {
  // From the leaves up: a key of a node is the first one below it.
  std::vector<std::vector<Node>> levels;
  std::vector<std::int32_t> firsts(segment.leaves);
  for (std::uint32_t i = 0; i < segment.leaves; ++i)
    firsts[i] = leaves_[segment.leaf + i].keys[0];
  while (firsts.size() > 1) {
    std::vector<Node>& level = levels.emplace_back();
    std::vector<std::int32_t> above;
    for (std::size_t i = 0; i < firsts.size(); ++i) {
      if (i % kFanout == 0) {
        level.emplace_back().keys.fill(kUnused);
        above.push_back(firsts[i]);
      }
      level.back().keys[i % kFanout] = firsts[i];
    }
    firsts = std::move(above);
  }
  segment.levels = static_cast<std::uint32_t>(levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::vector<Node>& level = levels[levels.size() - 1 - i];
    segment.nodes[i] = static_cast<std::uint32_t>(nodes_.size());
    nodes_.insert(nodes_.end(), level.begin(), level.end());
  }
}

// The last segment whose addresses begin no higher.
const AddressIndex::Segment* AddressIndex::segment_before(std::uint32_t high) const noexcept {
  const auto behind = std::ranges::upper_bound(segments_, high, {}, &Segment::high);
  return behind == segments_.begin() ? nullptr : &*std::prev(behind);
}

AddressIndex::Position AddressIndex::last_of(const Segment& segment) const noexcept {
  const std::uint32_t last = segment.count - 1;
  return {&segment, static_cast<std::uint32_t>(segment.leaf + last / kFanout),
          static_cast<std::uint32_t>(last % kFanout)};
}

AddressIndex::Anchor AddressIndex::at(const Position& position) const noexcept {
  const Leaf& leaf = leaves_[position.leaf];
  return {std::uint64_t{position.segment->high} << 32U | low_half(leaf.keys[position.slot]),
          leaf.values[position.slot]};
}

std::optional<AddressIndex::Position> AddressIndex::locate(std::uint64_t address) const noexcept {
  if (segments_.empty())
    return std::nullopt;
  const std::uint32_t high = high_half(address);
  const Segment* segment = &segments_[main_];
  if (segment->high != high) {
    segment = segment_before(high);
    if (segment == nullptr)
      return std::nullopt;
    if (segment->high != high)
      return last_of(*segment);
  }
  std::int32_t key = key_of(address);
  if (key == kUnused) {
    // Equal to the keys that stand for nothing, so it cannot be looked for; but only the last one can be it.
    const Position last = last_of(*segment);
    if (leaves_[last.leaf].keys[last.slot] == kUnused)
      return last;
    --key;
  }
  std::uint32_t child = 0;
  for (std::uint32_t level = 0; level < segment->levels; ++level) {
    const std::uint32_t found = rank(nodes_[segment->nodes[level] + child].keys, key);
    if (found == 0)
      break;  // before the first address of all: the leaf says so too
    child = static_cast<std::uint32_t>(child * kFanout) + found - 1;
  }
  const std::uint32_t leaf = segment->leaf + child;
  const std::uint32_t found = rank(leaves_[leaf].keys, key);
  if (found != 0)
    return Position{segment, leaf, found - 1};
  if (segment == segments_.data())
    return std::nullopt;
  return last_of(*std::prev(segment));
}

AddressIndex::Place AddressIndex::find(std::uint64_t address) const noexcept {
  const auto position = locate(address);
  if (!position)
    return {};
  const Anchor anchor = at(*position);
  return {anchor.value, address - anchor.address};
}

std::optional<AddressIndex::Anchor> AddressIndex::next(std::uint64_t address) const noexcept {
  const auto position = locate(address);
  if (!position)
    return segments_.empty() ? std::nullopt : std::optional(at({segments_.data(), segments_.front().leaf, 0}));
  const Segment* segment = position->segment;
  const Position last = last_of(*segment);
  if (position->leaf == last.leaf && position->slot == last.slot) {
    if (++segment == segments_.data() + segments_.size())
      return std::nullopt;
    return at({segment, segment->leaf, 0});
  }
  if (position->slot + 1 < kFanout)
    return at({segment, position->leaf, position->slot + 1});
  return at({segment, position->leaf + 1, 0});
}

std::size_t AddressIndex::allocated_bytes() const noexcept {
  return leaves_.capacity() * sizeof(Leaf) + nodes_.capacity() * sizeof(Node) + segments_.capacity() * sizeof(Segment);
}

}  // namespace fathom::detail
