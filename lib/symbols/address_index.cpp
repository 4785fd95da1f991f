#include "address_index.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fathom::detail {

namespace {

constexpr std::uint32_t kBefore = 0xffff'ffff;
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

// How many of 16 ascending keys are no greater.
std::uint32_t rank(const std::array<std::int32_t, 16>& keys, std::int32_t key) noexcept {
#if defined(__SSE2__)
  // Sixteen answers become one bit each; the first greater key is the first bit.
  const __m128i wanted = _mm_set1_epi32(key);
  const auto greater = [&](std::size_t at) {
    return _mm_cmpgt_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(&keys[at])), wanted);
  };
  const __m128i low = _mm_packs_epi32(greater(0), greater(4));
  const __m128i high = _mm_packs_epi32(greater(8), greater(12));
  const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
  return static_cast<std::uint32_t>(std::countr_zero(bits | 0x1'0000U));
#else
  std::uint32_t count = 0;
  for (const std::int32_t k : keys)
    count += k > key ? 0U : 1U;
  return count;
#endif
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
  if (main != index_.segments_.end()) {
    index_.main_ = static_cast<std::size_t>(main - index_.segments_.begin());
    index_.main_high_ = main->high;
  }
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
  const Position position = descend(*segment, key);
  if (position.slot != kBefore)
    return position;
  if (segment == segments_.data())
    return std::nullopt;
  return last_of(*std::prev(segment));
}

// From the root to a leaf. The slot is kBefore if the segment's first key is greater.
AddressIndex::Position AddressIndex::descend(const Segment& segment, std::int32_t key) const noexcept {
  const Node* const nodes = nodes_.data();
  std::uint32_t child = 0;
  for (std::uint32_t level = 0; level < segment.levels; ++level) {
    const std::uint32_t found = rank(nodes[segment.nodes[level] + child].keys, key);
    if (found == 0)
      return {&segment, segment.leaf, kBefore};
    child = static_cast<std::uint32_t>(child * kFanout) + found - 1;
  }
  const std::uint32_t leaf = segment.leaf + child;
  return {&segment, leaf, rank(leaves_[leaf].keys, key) - 1};
}

AddressIndex::Place AddressIndex::find(std::uint64_t address) const noexcept {
  const std::int32_t key = key_of(address);
  if (high_half(address) == main_high_ && key != kUnused && !segments_.empty()) {
    const Position position = descend(segments_[main_], key);
    if (position.slot != kBefore) {
      const Leaf& leaf = leaves_[position.leaf];
      return {leaf.values[position.slot], static_cast<std::uint32_t>(address) - low_half(leaf.keys[position.slot])};
    }
  }
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
