#include "name_index.hpp"

#include "kallsyms_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fathom::detail {

namespace {

constexpr std::size_t kWord = 8;

std::uint64_t load(const char* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Both halves of the product. With a secret in each factor nobody can choose names that collide; a secret in a sum or
// a constant factor alone would not do, since some differences pass through these unchanged.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
#else
  constexpr std::uint64_t kLow = 0xffff'ffff;
  const std::uint64_t low = (a & kLow) * (b & kLow);
  const std::uint64_t cross = (a >> 32U) * (b & kLow) + (low >> 32U);
  const std::uint64_t middle = (a & kLow) * (b >> 32U) + (cross & kLow);
  const std::uint64_t high = (a >> 32U) * (b >> 32U) + (cross >> 32U) + (middle >> 32U);
  return (middle << 32U | (low & kLow)) ^ high;
#endif
}

// Four words that overlap as they must hold all of a name of 8 to 32 bytes, whatever its length: so neither the hash
// nor the comparison of most names takes a turn that depends on it.
struct FourWords {
  explicit FourWords(std::string_view name) noexcept
      : first(load(name.data())),  // NOLINT(bugprone-suspicious-stringview-data-usage): reads kWord
        second(load(name.data() + std::min(kWord, name.size() - kWord))),
        third(load(name.data() + (std::max(name.size(), 2 * kWord) - 2 * kWord))),
        last(load(name.data() + (name.size() - kWord))) {}

  std::uint64_t first;
  std::uint64_t second;
  std::uint64_t third;
  std::uint64_t last;
};

std::uint64_t hash_of(std::string_view name, const std::array<std::uint64_t, 4>& secrets) noexcept {
  if (name.size() < kWord) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data(), name.size());
    return fold(fold(word ^ secrets[0], secrets[1] ^ name.size()), secrets[2]);
  }
  const FourWords words(name);
  std::uint64_t a = fold(words.first ^ secrets[0] ^ name.size(), words.second ^ secrets[1]);
  const std::uint64_t b = fold(words.third ^ secrets[2], words.last ^ secrets[3]);
  for (std::size_t at = 2 * kWord; at + 2 * kWord < name.size(); at += kWord)
    a = fold(a ^ load(name.data() + at), secrets[2]);
  return fold(a ^ secrets[3], b ^ secrets[0]);
}

std::uint64_t random_word(std::random_device& source) {
  return std::uint64_t{source()} << 32U | source();
}

// Both of one length.
bool same_bytes(const char* a, std::string_view b) noexcept {
  if (b.size() < kWord)
    return std::memcmp(a, b.data(), b.size()) == 0;
  const FourWords x({a, b.size()});
  const FourWords y(b);
  const bool same = ((x.first ^ y.first) | (x.second ^ y.second) | (x.third ^ y.third) | (x.last ^ y.last)) == 0;
  if (b.size() <= 4 * kWord || !same)
    return same;
  return std::memcmp(a + 2 * kWord, b.data() + 2 * kWord, b.size() - 4 * kWord) == 0;
}

// A bit for each slot whose masked bits are the tag.
std::uint32_t slots_with(const std::array<std::uint32_t, 8>& slots, std::uint32_t tag, std::uint32_t mask) noexcept {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi32(static_cast<std::int32_t>(tag));
  const __m128i masks = _mm_set1_epi32(static_cast<std::int32_t>(mask));
  const auto equal = [&](std::size_t at) {
    const __m128i four = _mm_load_si128(reinterpret_cast<const __m128i*>(&slots[at]));
    return _mm_cmpeq_epi32(_mm_and_si128(four, masks), wanted);
  };
  const __m128i all = _mm_packs_epi32(equal(0), equal(4));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(all, _mm_setzero_si128())));
#else
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < slots.size(); ++i)
    bits |= ((slots[i] & mask) == tag ? 1U : 0U) << i;
  return bits;
#endif
}

}  // namespace

// Every bucket is as likely: the hash's upper half, scaled to their number. The tag is of the lower half.
std::size_t NameIndex::bucket_of(std::uint64_t hash) const noexcept {
  return (hash >> 32U) * buckets_.size() >> 32U;
}

// The number of the slot of the symbol's name, which is its own if it is the first of that name.
std::size_t NameIndex::find_or_take(const KallsymsTable& table, std::uint32_t place) {
  const SymbolEntry& symbol = table.symbols[place];
  const std::string_view name = table.name_of(symbol);
  const std::uint64_t hash = hash_of(name, secrets_);
  const std::uint32_t tag = tag_of(hash);
  for (std::size_t at = bucket_of(hash);; at = at + 1 == buckets_.size() ? 0 : at + 1) {
    Bucket& bucket = buckets_[at];
    for (std::size_t i = 0; i < kSlots; ++i) {
      const std::uint32_t slot = bucket.slots[i];
      if (slot == kEmpty) {
        bucket.slots[i] = tag | place;
        bucket.names[i] = symbol.name();
      } else if (tag_of(slot) != tag || table.name_of(table.symbols[place_in(slot)]) != name) {
        continue;
      }
      return at * kSlots + i;
    }
  }
}

void NameIndex::build(const KallsymsTable& table) {
  const std::size_t count = table.symbols.size();
  std::random_device source;
  for (std::uint64_t& secret : secrets_)
    secret = random_word(source);
  // Room for places in the lists too, which hold each symbol once and a number for each two; and no place is all ones.
  place_mask_ = static_cast<std::uint32_t>(std::bit_ceil(count + count / 2 + 2) - 1);
  list_mark_ = place_mask_ + 1;
  tag_mask_ = ~(place_mask_ | list_mark_);
  // Five sixths full at most.
  Bucket empty{};
  empty.slots.fill(kEmpty);
  buckets_.assign(count * 6 / (5 * kSlots) + 1, empty);
  // Symbols that are not the first of their name: slot, and place.
  std::vector<std::uint64_t> repeated;
  for (std::uint32_t place = 0; place < count; ++place) {
    const std::size_t number = find_or_take(table, place);
    if (place_in(slot_at(number)) != place)
      repeated.push_back(std::uint64_t{number} << 32U | place);
  }
  build_lists(repeated);
}

void NameIndex::build_lists(std::vector<std::uint64_t>& repeated) {
  lists_.clear();
  lists_.reserve(2 * repeated.size());
  std::ranges::sort(repeated);  // those of a slot together, in order of place
  for (auto at = repeated.begin(); at != repeated.end();) {
    const std::size_t number = *at >> 32U;
    std::uint32_t& slot = slot_at(number);
    const auto head = static_cast<std::uint32_t>(lists_.size());
    lists_.push_back(1);
    lists_.push_back(place_in(slot));
    for (; at != repeated.end() && *at >> 32U == number; ++at) {
      lists_.push_back(static_cast<std::uint32_t>(*at));
      ++lists_[head];
    }
    slot = tag_of(slot) | list_mark_ | head;
  }
  lists_.shrink_to_fit();
}

bool NameIndex::find(const KallsymsTable& table, std::string_view name, Found& found) const noexcept {
  if (name.empty())
    return false;
  const std::uint64_t hash = hash_of(name, secrets_);
  const std::uint32_t tag = tag_of(hash);
  for (std::size_t at = bucket_of(hash);; at = at + 1 == buckets_.size() ? 0 : at + 1) {
    const Bucket& bucket = buckets_[at];
    for (std::uint32_t bits = slots_with(bucket.slots, tag, tag_mask_); bits != 0; bits &= bits - 1) {
      const auto number = static_cast<std::size_t>(std::countr_zero(bits));
      const std::uint32_t slot = bucket.slots[number];
      if (slot == kEmpty)
        return false;
      found.first = place_in(slot);
      found.list = {};
      if (has_list(slot)) {
        const std::uint32_t* const head = &lists_[found.first];
        found.list = {head + 1, *head};
        found.first = head[1];
      }
      if (table.symbols[found.first].length() == name.size() &&
          same_bytes(table.names.data() + bucket.names[number], name))
        return true;
    }
    if (bucket.slots.back() == kEmpty)
      return false;
  }
}

std::size_t NameIndex::allocated_bytes() const noexcept {
  return buckets_.capacity() * sizeof(Bucket) + lists_.capacity() * sizeof(std::uint32_t);
}

}  // namespace fathom::detail
