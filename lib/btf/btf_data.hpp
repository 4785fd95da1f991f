#pragma once

#include <fathom/btf/btf_kind.hpp>
#include <fathom/btf/btf_type.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::detail {

/// The body of a Btf: its records as native 32-bit words, its names, and those of its base. Every id and offset that is
/// stored in it was checked (btf_parser.cpp), so nothing here checks again.
class BtfData {
 public:
  /// What the parser hands over. Byte order is already this machine's.
  struct Parts {
    std::vector<std::uint32_t> words;  // the type section
    std::vector<std::uint32_t>
        records;          // where in `words` each type begins; the first is the one after the base's last
    std::string strings;  // the string section
    std::shared_ptr<const BtfData> base;
    std::uint8_t pointer_size = 8;
    bool foreign_endian = false;
  };

  explicit BtfData(Parts parts);

  [[nodiscard]] std::uint32_t first_own_id() const noexcept { return first_id_; }
  [[nodiscard]] std::uint32_t id_count() const noexcept {
    return first_id_ + static_cast<std::uint32_t>(parts_.records.size());
  }
  [[nodiscard]] std::uint8_t pointer_size() const noexcept { return parts_.pointer_size; }
  [[nodiscard]] bool foreign_endian() const noexcept { return parts_.foreign_endian; }

  [[nodiscard]] BtfType type(std::uint32_t id) const noexcept { return {*this, id}; }
  [[nodiscard]] BtfKind kind(std::uint32_t id) const noexcept;
  [[nodiscard]] std::string_view name(std::uint32_t id) const noexcept { return string(record(id)[0]); }
  /// How many members, values or parameters follow.
  [[nodiscard]] std::uint32_t count(std::uint32_t id) const noexcept;
  /// The bit whose meaning depends on the kind: bit fields, a signed enum, a union that is only named.
  [[nodiscard]] bool kind_flag(std::uint32_t id) const noexcept;
  [[nodiscard]] std::uint32_t size_or_type(std::uint32_t id) const noexcept { return record(id)[2]; }
  /// The word number `index` of those that follow a type's three.
  [[nodiscard]] std::uint32_t word(std::uint32_t id, std::size_t index) const noexcept { return record(id)[3 + index]; }
  [[nodiscard]] std::string_view string(std::uint32_t offset) const noexcept;

  /// Bytes of names, those of the base included: the first offset that is beyond.
  [[nodiscard]] std::uint64_t string_end() const noexcept { return strings_begin_ + parts_.strings.size(); }

  /// The lowest id of this name; 0 if there is none.
  [[nodiscard]] std::uint32_t first_named(std::string_view name) const;
  /// The next higher id of this name; 0 if there is none.
  [[nodiscard]] std::uint32_t next_named(std::uint32_t id, std::string_view name) const;

 private:
  // Buckets of ids by the hash of their names, each a list in the order of ids.
  struct NameIndex {
    std::once_flag built;
    std::vector<std::uint32_t> heads;  // an id, or 0
    std::vector<std::uint32_t> next;   // by own id: the next id of the bucket, or 0
  };

  [[nodiscard]] const std::uint32_t* record(std::uint32_t id) const noexcept;
  [[nodiscard]] std::uint32_t own_named(std::uint32_t candidate, std::string_view name) const noexcept;
  [[nodiscard]] std::uint32_t first_own_named(std::string_view name) const;
  void build_index() const;

  Parts parts_;
  std::uint32_t first_id_;
  std::uint64_t strings_begin_;
  mutable NameIndex index_;
};

/// What a record's second word says of its kind. Bits 16 to 23 and 29 to 30 were zero before Linux 7.1, which counts
/// more members and kinds with them.
[[nodiscard]] constexpr std::uint32_t btf_count(std::uint32_t info) noexcept {
  return info & 0xff'ffffU;
}
[[nodiscard]] constexpr BtfKind btf_kind(std::uint32_t info) noexcept {
  return static_cast<BtfKind>((info >> 24U) & 0x7fU);
}
[[nodiscard]] constexpr bool btf_kind_flag(std::uint32_t info) noexcept {
  return (info >> 31U) != 0;
}

/// Checks and takes in raw BTF; `path` is for messages only. Throws Error.
[[nodiscard]] std::shared_ptr<const BtfData> parse_btf(std::span<const std::byte> bytes,
                                                       std::shared_ptr<const BtfData> base, std::string_view path);

}  // namespace fathom::detail
