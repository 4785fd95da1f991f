#include <fathom/event/function_table.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace fathom {

namespace {

constexpr std::size_t kFirstSlots = 256;                     // a power of two
constexpr std::size_t kBlockBytes = std::size_t{16} * 1024;  // names of some 800 functions

std::uint64_t load8(const char* p) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// Up to seven bytes as one word.
std::uint64_t load_short(const char* p, std::size_t size) noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  if (size >= sizeof low) {
    std::memcpy(&low, p, sizeof low);
    std::memcpy(&high, p + size - sizeof high, sizeof high);
  } else if (size != 0) {
    low = static_cast<unsigned char>(p[0]);
    high = static_cast<std::uint32_t>(static_cast<unsigned char>(p[size / 2])) << 8U |
           static_cast<unsigned char>(p[size - 1]);
  }
  return std::uint64_t{high} << 32U | low;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * 0x9e37'79b9'7f4a'7c15U;
  return hash ^ (hash >> 32U);
}

// Interning is done once a line, and names are of any length, so a loop's end is hard to foresee: hashing and comparing
// take 16 bytes from both ends of a text, overlapping where they meet, and only what is longer than 32 goes round. Not
// a defence against chosen collisions: they cost time, not correctness, and whoever chooses the names of kernel
// functions owns the machine.
std::uint64_t hash_text(std::uint64_t hash, std::string_view text) noexcept {
  const char* p = text.data();
  const std::size_t size = text.size();
  hash ^= size;
  if (size < 8)
    return mix(hash, load_short(p, size));
  const char* const end = p + size;
  if (size <= 16)
    return mix(mix(hash, load8(p)), load8(end - 8));
  const std::uint64_t head = mix(mix(hash, load8(p)), load8(p + 8));
  const std::uint64_t tail = mix(mix(size, load8(end - 16)), load8(end - 8));
  hash = mix(head, tail);
  for (p += 16; end - p > 16; p += 8)
    hash = mix(hash, load8(p));
  return hash;
}

bool same_text(std::string_view a, std::string_view b) noexcept {
  const std::size_t size = a.size();
  if (size != b.size())
    return false;
  const char* p = a.data();
  const char* q = b.data();
  if (size < 8)
    return load_short(p, size) == load_short(q, size);
  const auto differ = [&](std::size_t at) { return load8(p + at) ^ load8(q + at); };
  std::uint64_t difference = differ(0) | differ(size - 8);
  if (size <= 16)
    return difference == 0;
  difference |= differ(8) | differ(size - 16);
  for (std::size_t at = 16; at + 16 < size; at += 8)
    difference |= differ(at);
  return difference == 0;
}

std::uint32_t hash_function(std::string_view name, std::string_view module) noexcept {
  std::uint64_t hash = hash_text(0, name);
  if (!module.empty())
    hash = hash_text(hash, module);
  return static_cast<std::uint32_t>(hash);
}

}  // namespace

FunctionTable::FunctionTable() = default;
FunctionTable::~FunctionTable() = default;
FunctionTable::FunctionTable(FunctionTable&&) noexcept = default;
FunctionTable& FunctionTable::operator=(FunctionTable&&) noexcept = default;

// The slot that holds the function, or the free one where it belongs. Needs at least one free slot.
std::size_t FunctionTable::slot_of(std::uint32_t hash, std::string_view name, std::string_view module) const noexcept {
  const std::size_t last = slots_.size() - 1;
  for (std::size_t i = hash & last;; i = (i + 1) & last) {
    const Slot& slot = slots_[i];
    if (slot.id_plus_one == 0)
      return i;
    if (slot.hash == hash) {
      const Function& function = functions_[slot.id_plus_one - 1];
      if (same_text(function.name, name) && same_text(function.module, module))
        return i;
    }
  }
}

FunctionId FunctionTable::intern(std::string_view name, std::string_view module) {
  if (functions_.size() * 2 >= slots_.size())
    grow();
  const std::uint32_t hash = hash_function(name, module);
  Slot& slot = slots_[slot_of(hash, name, module)];
  if (slot.id_plus_one == 0) {
    if (functions_.size() >= static_cast<std::size_t>(FunctionId::unknown) - 1)
      throw std::length_error("fathom::FunctionTable: too many functions");
    functions_.push_back({keep(name), keep(module)});
    slot = {hash, static_cast<std::uint32_t>(functions_.size())};
  }
  return FunctionId{slot.id_plus_one - 1};
}

FunctionId FunctionTable::find(std::string_view name, std::string_view module) const noexcept {
  if (slots_.empty())
    return FunctionId::unknown;
  const Slot& slot = slots_[slot_of(hash_function(name, module), name, module)];
  return slot.id_plus_one == 0 ? FunctionId::unknown : FunctionId{slot.id_plus_one - 1};
}

std::size_t FunctionTable::allocated_bytes() const noexcept {
  return slots_.capacity() * sizeof(Slot) + functions_.capacity() * sizeof(Function) + block_bytes_ +
         blocks_.capacity() * sizeof(blocks_[0]);
}

void FunctionTable::grow() {
  std::vector<Slot> old(std::max(kFirstSlots, slots_.size() * 2));
  old.swap(slots_);
  const std::size_t last = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id_plus_one == 0)
      continue;
    std::size_t i = slot.hash & last;
    while (slots_[i].id_plus_one != 0)
      i = (i + 1) & last;
    slots_[i] = slot;
  }
}

std::string_view FunctionTable::keep(std::string_view text) {
  if (text.empty())
    return {};
  if (block_left_ < text.size()) {
    const std::size_t size = std::max(kBlockBytes, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    block_left_ = size;
    block_bytes_ += size;
  }
  // A block is filled from its end, so that what is left tells where to go on.
  char* place = blocks_.back().get() + (block_left_ - text.size());
  std::memcpy(place, text.data(), text.size());
  block_left_ -= text.size();
  return {place, text.size()};
}

}  // namespace fathom
