#include "btf_data.hpp"

#include <fathom/btf/btf_type.hpp>

#include <algorithm>
#include <limits>

namespace fathom {

namespace {

constexpr std::size_t kMemberWords = 3;
constexpr std::size_t kParameterWords = 2;

// The fourth word of an int: encoding, the offset of its bits inside it, how many these are.
constexpr std::uint32_t kIntSigned = 1U << 24U;
constexpr std::uint32_t kIntChar = 2U << 24U;
constexpr std::uint32_t kIntBool = 4U << 24U;

constexpr std::uint32_t int_offset(std::uint32_t word) noexcept {
  return word >> 16U & 0xffU;
}
constexpr std::uint32_t int_width(std::uint32_t word) noexcept {
  return word & 0xffU;
}

// Deeper, and with more members, than any kernel nests structs without names; only made-up BTF comes to the end.
struct SearchLimit {
  unsigned depth = 32;
  unsigned members = 1U << 16U;
};

std::optional<BtfMember> search_member(BtfType type, std::string_view name, SearchLimit& limit) noexcept {
  for (const BtfMember member : type.members()) {
    if (limit.members == 0)
      return std::nullopt;
    --limit.members;
    if (member.name == name)
      return member;
    if (!member.name.empty() || limit.depth == 0)
      continue;
    --limit.depth;
    auto inner = search_member(member.type.resolved(), name, limit);
    ++limit.depth;
    if (inner) {
      inner->bit_offset += member.bit_offset;
      return inner;
    }
  }
  return std::nullopt;
}

}  // namespace

BtfKind BtfType::kind() const noexcept {
  return data_->kind(id_);
}

std::string_view BtfType::name() const noexcept {
  return data_->name(id_);
}

bool BtfType::is_composite() const noexcept {
  return kind() == BtfKind::struct_ || kind() == BtfKind::union_;
}

bool BtfType::is_enum() const noexcept {
  return kind() == BtfKind::enum_ || kind() == BtfKind::enum64;
}

bool BtfType::is_modifier() const noexcept {
  switch (kind()) {
    case BtfKind::const_:
    case BtfKind::volatile_:
    case BtfKind::restrict_:
    case BtfKind::type_tag:
      return true;
    default:
      return false;
  }
}

std::optional<std::uint64_t> BtfType::size() const noexcept {
  std::uint64_t count = 1;
  const auto times = [&count](std::uint64_t bytes) -> std::optional<std::uint64_t> {
    if (count != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / count)
      return std::nullopt;
    return count * bytes;
  };
  for (BtfType type = *this;; type = type.target()) {
    switch (type.kind()) {
      case BtfKind::int_:
      case BtfKind::struct_:
      case BtfKind::union_:
      case BtfKind::enum_:
      case BtfKind::enum64:
      case BtfKind::float_:
      case BtfKind::datasec:
        return times(data_->size_or_type(type.id_));
      case BtfKind::ptr:
        return times(data_->pointer_size());
      case BtfKind::array:
        if (const auto product = times(type.array_length()))
          count = *product;
        else
          return std::nullopt;
        break;
      case BtfKind::typedef_:
      case BtfKind::const_:
      case BtfKind::volatile_:
      case BtfKind::restrict_:
      case BtfKind::type_tag:
      case BtfKind::var:
        break;
      default:
        return std::nullopt;
    }
  }
}

BtfType BtfType::target() const noexcept {
  switch (kind()) {
    case BtfKind::array:
      return data_->type(data_->word(id_, 0));
    case BtfKind::ptr:
    case BtfKind::typedef_:
    case BtfKind::const_:
    case BtfKind::volatile_:
    case BtfKind::restrict_:
    case BtfKind::type_tag:
    case BtfKind::func:
    case BtfKind::func_proto:
    case BtfKind::var:
    case BtfKind::decl_tag:
      return data_->type(data_->size_or_type(id_));
    default:
      return data_->type(0);
  }
}

BtfType BtfType::resolved() const noexcept {
  BtfType type = *this;
  while (type.is_modifier() || type.kind() == BtfKind::typedef_)
    type = type.target();
  return type;
}

BtfType BtfType::unqualified() const noexcept {
  BtfType type = *this;
  while (type.is_modifier())
    type = type.target();
  return type;
}

BtfList<BtfMember> BtfType::members() const noexcept {
  return {*data_, id_, is_composite() ? data_->count(id_) : 0};
}

std::optional<BtfMember> BtfType::find_member(std::string_view member) const noexcept {
  SearchLimit limit;
  if (member.empty())
    return std::nullopt;
  return search_member(resolved(), member, limit);
}

BtfMember BtfMember::read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept {
  const std::size_t at = index * kMemberWords;
  const std::uint32_t place = data.word(id, at + 2);
  BtfMember member{data.string(data.word(id, at)), data.type(data.word(id, at + 1)), place, 0};
  if (data.kind_flag(id)) {
    member.bit_offset = place & 0xff'ffffU;
    member.bitfield_bits = place >> 24U;
    return member;
  }
  // Before Linux 4.20 a bit field was an int type of its own, narrower than its bytes.
  const BtfType type = member.type.resolved();
  if (type.kind() != BtfKind::int_)
    return member;
  const std::uint32_t described = data.word(type.id(), 0);
  if (int_offset(described) != 0 || int_width(described) != std::uint64_t{data.size_or_type(type.id())} * 8) {
    member.bit_offset += int_offset(described);
    member.bitfield_bits = int_width(described);
  }
  return member;
}

BtfList<BtfEnumerator> BtfType::enumerators() const noexcept {
  return {*data_, id_, is_enum() ? data_->count(id_) : 0};
}

std::optional<BtfEnumerator> BtfType::find_enumerator(std::string_view enumerator) const noexcept {
  for (const BtfEnumerator e : enumerators()) {
    if (e.name == enumerator)
      return e;
  }
  return std::nullopt;
}

std::optional<BtfEnumerator> BtfType::find_enumerator(std::int64_t value) const noexcept {
  for (const BtfEnumerator e : enumerators()) {
    if (e.value == value)
      return e;
  }
  return std::nullopt;
}

BtfEnumerator BtfEnumerator::read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept {
  if (data.kind(id) == BtfKind::enum64) {
    const std::uint64_t low = data.word(id, 3 * index + 1);
    const std::uint64_t high = data.word(id, 3 * index + 2);
    return {data.string(data.word(id, 3 * index)), static_cast<std::int64_t>(high << 32U | low)};
  }
  const std::uint32_t value = data.word(id, 2 * index + 1);
  return {data.string(data.word(id, 2 * index)),
          data.kind_flag(id) ? std::int64_t{static_cast<std::int32_t>(value)} : std::int64_t{value}};
}

bool BtfType::is_signed() const noexcept {
  if (kind() == BtfKind::int_)
    return (data_->word(id_, 0) & kIntSigned) != 0;
  return is_enum() && data_->kind_flag(id_);
}

bool BtfType::is_char() const noexcept {
  return kind() == BtfKind::int_ && (data_->word(id_, 0) & kIntChar) != 0;
}

bool BtfType::is_bool() const noexcept {
  return kind() == BtfKind::int_ && (data_->word(id_, 0) & kIntBool) != 0;
}

unsigned BtfType::int_bits() const noexcept {
  return kind() == BtfKind::int_ ? int_width(data_->word(id_, 0)) : 0;
}

std::uint32_t BtfType::array_length() const noexcept {
  return kind() == BtfKind::array ? data_->word(id_, 2) : 0;
}

std::optional<BtfType> BtfType::prototype() const noexcept {
  if (kind() == BtfKind::func_proto)
    return *this;
  if (kind() == BtfKind::func && target().kind() == BtfKind::func_proto)
    return target();
  return std::nullopt;
}

BtfList<BtfParameter> BtfType::parameters() const noexcept {
  const auto proto = prototype();
  if (!proto)
    return {*data_, id_, 0};
  return {*data_, proto->id_, data_->count(proto->id_) - (is_variadic() ? 1U : 0U)};
}

bool BtfType::is_variadic() const noexcept {
  const auto proto = prototype();
  if (!proto || data_->count(proto->id_) == 0)
    return false;
  // The last parameter of `f(int, ...)` is void and has no name.
  const std::size_t last = (data_->count(proto->id_) - std::size_t{1}) * kParameterWords;
  return data_->word(proto->id_, last) == 0 && data_->word(proto->id_, last + 1) == 0;
}

BtfType BtfType::return_type() const noexcept {
  const auto proto = prototype();
  return proto ? proto->target() : data_->type(0);
}

BtfParameter BtfParameter::read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept {
  return {data.string(data.word(id, kParameterWords * index)), data.type(data.word(id, kParameterWords * index + 1))};
}

std::optional<BtfLinkage> BtfType::linkage() const noexcept {
  std::uint32_t number = std::numeric_limits<std::uint32_t>::max();
  if (kind() == BtfKind::func)
    number = data_->count(id_);
  else if (kind() == BtfKind::var)
    number = data_->word(id_, 0);
  if (number > static_cast<std::uint32_t>(BtfLinkage::extern_))
    return std::nullopt;
  return static_cast<BtfLinkage>(number);
}

BtfList<BtfVariable> BtfType::variables() const noexcept {
  return {*data_, id_, kind() == BtfKind::datasec ? data_->count(id_) : 0};
}

BtfVariable BtfVariable::read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept {
  return {data.type(data.word(id, 3 * index)), data.word(id, 3 * index + 1), data.word(id, 3 * index + 2)};
}

bool BtfType::is_union_fwd() const noexcept {
  return kind() == BtfKind::fwd && data_->kind_flag(id_);
}

std::optional<std::uint32_t> BtfType::tagged_component() const noexcept {
  constexpr std::uint32_t kWhole = std::numeric_limits<std::uint32_t>::max();
  if (kind() != BtfKind::decl_tag || data_->word(id_, 0) == kWhole)
    return std::nullopt;
  return data_->word(id_, 0);
}

}  // namespace fathom
