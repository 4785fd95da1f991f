#include "btf_data.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace fathom::detail {

namespace {

// FNV-1a: names are short, and the index is built from all of them.
std::size_t hash_of(std::string_view name) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

}  // namespace

BtfData::BtfData(Parts parts)
    : parts_(std::move(parts)),
      first_id_(parts_.base ? parts_.base->id_count() : 1),
      strings_begin_(parts_.base ? parts_.base->string_end() : 0) {}

const std::uint32_t* BtfData::record(std::uint32_t id) const noexcept {
  static constexpr std::array<std::uint32_t, 3> kVoid{};
  const BtfData* data = this;
  while (id < data->first_id_) {
    if (id == 0)
      return kVoid.data();
    data = data->parts_.base.get();
  }
  return &data->parts_.words[data->parts_.records[id - data->first_id_]];
}

BtfKind BtfData::kind(std::uint32_t id) const noexcept {
  return btf_kind(record(id)[1]);
}

std::uint32_t BtfData::count(std::uint32_t id) const noexcept {
  return btf_count(record(id)[1]);
}

bool BtfData::kind_flag(std::uint32_t id) const noexcept {
  return btf_kind_flag(record(id)[1]);
}

std::string_view BtfData::string(std::uint32_t offset) const noexcept {
  const BtfData* data = this;
  while (offset < data->strings_begin_)
    data = data->parts_.base.get();
  return data->parts_.strings.c_str() + (offset - data->strings_begin_);  // ends with the NUL that follows it
}

void BtfData::build_index() const {
  const std::size_t count = parts_.records.size();
  index_.heads.assign(std::bit_ceil(std::max<std::size_t>(count, 1)), 0);
  index_.next.assign(count, 0);
  for (auto own = static_cast<std::uint32_t>(count); own-- > 0;) {
    const std::uint32_t id = first_id_ + own;
    const std::string_view type_name = name(id);
    if (type_name.empty())
      continue;
    std::uint32_t& head = index_.heads[hash_of(type_name) & (index_.heads.size() - 1)];
    index_.next[own] = std::exchange(head, id);
  }
}

std::uint32_t BtfData::own_named(std::uint32_t candidate, std::string_view name) const noexcept {
  while (candidate != 0 && this->name(candidate) != name)
    candidate = index_.next[candidate - first_id_];
  return candidate;
}

std::uint32_t BtfData::first_own_named(std::string_view name) const {
  std::call_once(index_.built, [this] { build_index(); });
  return own_named(index_.heads[hash_of(name) & (index_.heads.size() - 1)], name);
}

std::uint32_t BtfData::first_named(std::string_view name) const {
  if (name.empty())
    return 0;
  const std::uint32_t id = parts_.base ? parts_.base->first_named(name) : 0;
  return id != 0 ? id : first_own_named(name);
}

std::uint32_t BtfData::next_named(std::uint32_t id, std::string_view name) const {
  if (id >= first_id_)
    return own_named(index_.next[id - first_id_], name);
  const std::uint32_t next = parts_.base->next_named(id, name);
  return next != 0 ? next : first_own_named(name);
}

}  // namespace fathom::detail
