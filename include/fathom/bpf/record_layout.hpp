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
  /// Of an anonymous struct or union its members, with their offsets from the start of the record.
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
};

/// A C++ type whose members are known by name: by FATHOM_RECORD, or since `fathom_add_bpf` generated it.
template <class T>
concept DescribedRecord = requires {
  { fathom_record_fields(std::type_identity<T>{}).size() } -> std::convertible_to<std::size_t>;
};

/// The members of a described record: a std::array of RecordField.
template <DescribedRecord T>
inline constexpr auto kRecordFields = fathom_record_fields(std::type_identity<T>{});

}  // namespace fathom

#define FATHOM_DETAIL_PARENS ()
#define FATHOM_DETAIL_EXPAND(...) \
  FATHOM_DETAIL_EXPAND4(FATHOM_DETAIL_EXPAND4(FATHOM_DETAIL_EXPAND4(FATHOM_DETAIL_EXPAND4(__VA_ARGS__))))
#define FATHOM_DETAIL_EXPAND4(...) \
  FATHOM_DETAIL_EXPAND3(FATHOM_DETAIL_EXPAND3(FATHOM_DETAIL_EXPAND3(FATHOM_DETAIL_EXPAND3(__VA_ARGS__))))
#define FATHOM_DETAIL_EXPAND3(...) \
  FATHOM_DETAIL_EXPAND2(FATHOM_DETAIL_EXPAND2(FATHOM_DETAIL_EXPAND2(FATHOM_DETAIL_EXPAND2(__VA_ARGS__))))
#define FATHOM_DETAIL_EXPAND2(...) __VA_ARGS__
#define FATHOM_DETAIL_FIELD(type, member) ::fathom::RecordField{#member, offsetof(type, member), sizeof(type::member)},
#define FATHOM_DETAIL_FIELDS(type, member, ...) \
  FATHOM_DETAIL_FIELD(type, member)             \
  __VA_OPT__(FATHOM_DETAIL_FIELDS_AGAIN FATHOM_DETAIL_PARENS(type, __VA_ARGS__))
#define FATHOM_DETAIL_FIELDS_AGAIN() FATHOM_DETAIL_FIELDS

/// FATHOM_RECORD(Open, pid, path): names the members of a struct that is shared with the BPF side, so that it is
/// checked against the object's BTF member by member. Stands in the struct's own namespace, once, with all its members
/// (at most 64). Members that are bit fields cannot be named.
#define FATHOM_RECORD(type, ...)                                                           \
  [[maybe_unused]] constexpr auto fathom_record_fields(::std::type_identity<type>) {       \
    return ::std::array{FATHOM_DETAIL_EXPAND(FATHOM_DETAIL_FIELDS(type, __VA_ARGS__))};    \
  }                                                                                        \
  static_assert(::std::is_standard_layout_v<type> && ::std::is_trivially_copyable_v<type>, \
                "a record is copied as bytes from the kernel")
