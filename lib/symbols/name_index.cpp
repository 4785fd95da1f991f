#include "name_index.hpp"

#include "kallsyms_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fathom::detail {

namespace {

std::uint64_t mix(std::uint64_t value) noexcept {
  value *= 0x9e37'79b9'7f4a'7c15U;
  return value ^ value >> 32U;
}

// Eight bytes at a time; the last eight overlap where the length is no multiple.
std::uint64_t hash_of(std::string_view name) noexcept {
  std::uint64_t word = 0;
  std::uint64_t hash = name.size();
  const char* at = name.data();
  const char* const end = at + name.size();
  if (name.size() < sizeof word) {
    std::memcpy(&word, at, name.size());
    return mix(mix(hash ^ word));
  }
  for (; end - at > 8; at += 8) {
    std::memcpy(&word, at, sizeof word);
    hash = mix(hash ^ word);
  }
  std::memcpy(&word, end - sizeof word, sizeof word);
  return mix(mix(hash ^ word));
}

}  // namespace

// Every slot is as likely: the hash's upper half, scaled to their number. The tag is of the lower half.
std::size_t NameIndex::slot_of(std::uint64_t hash) const noexcept {
  return (hash >> 32U) * slots_.size() >> 32U;
}

std::uint32_t NameIndex::tag_of(std::uint64_t hash) const noexcept {
  const unsigned below = place_bits_ + 1;
  return below >= 32 ? 0 : static_cast<std::uint32_t>(hash) >> below << below;
}

std::uint32_t NameIndex::place_in(std::uint32_t slot) const noexcept {
  return slot & ((1U << place_bits_) - 1);
}

void NameIndex::build(const KallsymsTable& table) {
  const std::size_t count = table.symbols.size();
  // Room for places, and for places in the lists, which hold each symbol once and a number for each two; and none of
  // them is all ones.
  place_bits_ = static_cast<unsigned>(std::bit_width(count + count / 2 + 1));
  slots_.assign(count + count / 2 + 1, kEmpty);
  lists_.clear();
  // Symbols that are not the first of their name: slot, and place. In order of place within a slot, since sorted.
  std::vector<std::uint64_t> repeated;
  for (std::uint32_t place = 0; place < count; ++place) {
    const std::string_view name = table.name_of(table.symbols[place]);
    const std::uint64_t hash = hash_of(name);
    const std::uint32_t tag = tag_of(hash);
    std::size_t slot = slot_of(hash);
    for (; slots_[slot] != kEmpty; slot = slot + 1 == slots_.size() ? 0 : slot + 1) {
      if (tag_of(slots_[slot]) == tag && table.name_of(table.symbols[place_in(slots_[slot])]) == name)
        break;
    }
    if (slots_[slot] == kEmpty)
      slots_[slot] = tag | place;
    else
      repeated.push_back(std::uint64_t{slot} << 32U | place);
  }
  std::ranges::sort(repeated);
  lists_.reserve(2 * repeated.size());
  for (auto at = repeated.begin(); at != repeated.end();) {
    const std::size_t slot = *at >> 32U;
    const auto head = static_cast<std::uint32_t>(lists_.size());
    lists_.push_back(1);
    lists_.push_back(place_in(slots_[slot]));
    for (; at != repeated.end() && *at >> 32U == slot; ++at) {
      lists_.push_back(static_cast<std::uint32_t>(*at));
      ++lists_[head];
    }
    slots_[slot] = tag_of(slots_[slot]) | 1U << place_bits_ | head;
  }
  lists_.shrink_to_fit();
}

bool NameIndex::find(const KallsymsTable& table, std::string_view name, Found& found) const noexcept {
  if (slots_.empty() || name.empty())
    return false;
  const std::uint64_t hash = hash_of(name);
  const std::uint32_t tag = tag_of(hash);
  for (std::size_t at = slot_of(hash); slots_[at] != kEmpty; at = at + 1 == slots_.size() ? 0 : at + 1) {
    const std::uint32_t slot = slots_[at];
    if (tag_of(slot) != tag)
      continue;
    found.first = place_in(slot);
    found.list = {};
    if ((slot >> place_bits_ & 1U) != 0) {
      const std::uint32_t* const head = &lists_[found.first];
      found.list = {head + 1, *head};
      found.first = head[1];
    }
    if (table.name_of(table.symbols[found.first]) == name)
      return true;
  }
  return false;
}

std::size_t NameIndex::allocated_bytes() const noexcept {
  return (slots_.capacity() + lists_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace fathom::detail
