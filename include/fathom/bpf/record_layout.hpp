#pragma once

#include <fathom/btf/btf_type.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fathom {

/// A member of a record as the object file's BTF has it.
struct RecordMember {
  std::string name;      ///< empty for an anonymous struct or union
  std::string type;      ///< as in C: "char[256]", "struct in6_addr"
  std::size_t offset{};  ///< in bytes, from the start of the record
  std::size_t size{};    ///< in bytes; of a bit field, the bytes that hold a part of it
  std::size_t bits{};    ///< the width of a bit field, 0 for all others
  /// Of a struct or union, or an array of them, the members of (the first) one, with their offsets from the start of
  /// the record. Beyond 4096 of these in all they are left out.
  std::vector<RecordMember> members{};

  friend bool operator==(const RecordMember&, const RecordMember&) = default;
};

/// How a type of the BPF side lies in memory, from the object file's BTF: `bpf.record("open")`.
struct RecordLayout {
  std::string name;                   ///< "struct open", or "int" for a plain value
  std::size_t size{};                 ///< in bytes
  std::vector<RecordMember> members;  ///< in the order of the declaration; none of a plain value

  friend bool operator==(const RecordLayout&, const RecordLayout&) = default;
};

/// The layout of a type: of a struct or union its members (typedefs are seen through), of any other its size alone.
/// Empty for what has no size.
[[nodiscard]] std::optional<RecordLayout> record_layout(const BtfType& type);

/// The layout as text of C, with the offsets as comments: for an error that shows both sides.
[[nodiscard]] std::string to_string(const RecordLayout& layout);

/// A member of a C++ record, known at compile time.
struct RecordField {
  std::string_view name;  ///< as declared; not a copy
  std::size_t offset{};   ///< in bytes, from the start of the record
  std::size_t size{};     ///< in bytes
  /// Of a described record, or an array of them, the fields of one, with their offsets from its own start.
  const RecordField* fields = nullptr;
  std::size_t field_count = 0;  ///< how many `fields` has
  bool padded = false;          ///< whether it may have bytes in it that are no member's
};

/// A C++ type whose members are known by name: by FATHOM_RECORD, or since `fathom_add_bpf` generated it.
template <class T>
concept DescribedRecord = requires {
  { fathom_record_fields(std::type_identity<T>{}).size() } -> std::convertible_to<std::size_t>;
};

/// The members of a described record: a std::array of RecordField.
template <DescribedRecord T>
inline constexpr auto kRecordFields = fathom_record_fields(std::type_identity<T>{});

/// \cond
namespace detail {

template <class T>
struct RecordElement {
  using Type = std::remove_cv_t<T>;
};
template <class T, std::size_t N>
struct RecordElement<T[N]> : RecordElement<T> {};
template <class T, std::size_t N>
struct RecordElement<std::array<T, N>> : RecordElement<T> {};

template <class T>
[[nodiscard]] consteval bool has_no_padding() {
  if constexpr (std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>) {
    return true;
  } else if constexpr (DescribedRecord<T> && !std::is_union_v<T>) {  // a union's members do not add up
    std::size_t sum = 0;
    bool padded = false;
    for (const RecordField& field : kRecordFields<T>) {
      sum += field.size;
      padded = padded || field.padded;
    }
    return !padded && sum == sizeof(T);
  } else {
    return false;
  }
}

template <class Member>
[[nodiscard]] consteval RecordField record_field(std::string_view name, std::size_t offset) {
  using Element = typename RecordElement<std::remove_cvref_t<Member>>::Type;
  RecordField field{name, offset, sizeof(Member)};
  field.padded = !has_no_padding<Element>();
  if constexpr (DescribedRecord<Element>) {
    field.fields = kRecordFields<Element>.data();
    field.field_count = kRecordFields<Element>.size();
  }
  return field;
}

}  // namespace detail
/// \endcond

}  // namespace fathom

#define FATHOM_DETAIL_PARENS ()
#define FATHOM_DETAIL_EXPAND(...) \
  FATHOM_DETAIL_EXPAND4(FATHOM_DETAIL_EXPAND4(FATHOM_DETAIL_EXPAND4(FATHOM_DETAIL_EXPAND4(__VA_ARGS__))))
#define FATHOM_DETAIL_EXPAND4(...) \
  FATHOM_DETAIL_EXPAND3(FATHOM_DETAIL_EXPAND3(FATHOM_DETAIL_EXPAND3(FATHOM_DETAIL_EXPAND3(__VA_ARGS__))))
#define FATHOM_DETAIL_EXPAND3(...) \
  FATHOM_DETAIL_EXPAND2(FATHOM_DETAIL_EXPAND2(FATHOM_DETAIL_EXPAND2(FATHOM_DETAIL_EXPAND2(__VA_ARGS__))))
#define FATHOM_DETAIL_EXPAND2(...) __VA_ARGS__
#define FATHOM_DETAIL_FIELD(type, member) \
  ::fathom::detail::record_field<decltype(type::member)>(#member, offsetof(type, member)),
#define FATHOM_DETAIL_FIELDS(type, member, ...) \
  FATHOM_DETAIL_FIELD(type, member)             \
  __VA_OPT__(FATHOM_DETAIL_FIELDS_AGAIN FATHOM_DETAIL_PARENS(type, __VA_ARGS__))
#define FATHOM_DETAIL_FIELDS_AGAIN() FATHOM_DETAIL_FIELDS

/// FATHOM_RECORD(Open, pid, path): names the members of a struct that is shared with the BPF side, so that it is
/// checked against the object's BTF member by member. Stands in the struct's own namespace, once, with all its members
/// (at most 64), and behind those of the structs that it holds, whose members are then checked too. Members that are
/// bit fields cannot be named.
#define FATHOM_RECORD(type, ...)                                                           \
  [[maybe_unused]] constexpr auto fathom_record_fields(::std::type_identity<type>) {       \
    return ::std::array{FATHOM_DETAIL_EXPAND(FATHOM_DETAIL_FIELDS(type, __VA_ARGS__))};    \
  }                                                                                        \
  static_assert(::std::is_standard_layout_v<type> && ::std::is_trivially_copyable_v<type>, \
                "a record is copied as bytes from the kernel")
