#pragma once

#include <fathom/btf/btf.hpp>
#include <fathom/btf/btf_kind.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::test {

/// Makes raw BTF, sound or not, in the machine's byte order.
class BtfBuilder {
 public:
  /// For split BTF: ids and names go on where the base ends.
  explicit BtfBuilder(std::uint32_t first_id = 1, std::uint32_t string_base = 0)
      : next_id_(first_id), string_base_(string_base), strings_(string_base == 0 ? std::string(1, '\0') : "") {}

  /// The offset of a name; 0 for none.
  std::uint32_t name(std::string_view text) {
    if (text.empty())
      return 0;
    const auto offset = static_cast<std::uint32_t>(string_base_ + strings_.size());
    strings_ += text;
    strings_ += '\0';
    return offset;
  }

  static std::uint32_t info(BtfKind kind, std::size_t count = 0, bool flag = false) {
    return static_cast<std::uint32_t>(count) | static_cast<std::uint32_t>(kind) << 24U | (flag ? 1U << 31U : 0U);
  }

  /// Adds a record and gives its id.
  std::uint32_t add(std::uint32_t name_offset, std::uint32_t info_word, std::uint32_t size_or_type,
                    const std::vector<std::uint32_t>& rest = {}) {
    words.insert(words.end(), {name_offset, info_word, size_or_type});
    words.insert(words.end(), rest.begin(), rest.end());
    return next_id_++;
  }
  std::uint32_t integer(std::string_view text, std::uint32_t size, bool is_signed = true) {
    return add(name(text), info(BtfKind::int_), size, {(is_signed ? 1U << 24U : 0U) | size * 8});
  }
  std::uint32_t reference(BtfKind kind, std::uint32_t target, std::string_view text = {}) {
    return add(name(text), info(kind), target);
  }
  std::uint32_t array(std::uint32_t element, std::uint32_t length) {
    return add(0, info(BtfKind::array), 0, {element, element, length});
  }

  [[nodiscard]] const std::string& strings() const { return strings_; }

  [[nodiscard]] std::vector<std::byte> bytes() const {
    const auto type_bytes = static_cast<std::uint32_t>(words.size() * 4);
    const auto layout_bytes = static_cast<std::uint32_t>(layouts.size());
    const std::uint32_t header = layouts.empty() ? 24 : 32;
    std::vector<std::uint32_t> head = {0x0001'eb9fU, header,     0,
                                       type_bytes,   type_bytes, static_cast<std::uint32_t>(strings_.size())};
    if (!layouts.empty())
      head.insert(head.end(), {static_cast<std::uint32_t>(type_bytes + strings_.size()), layout_bytes});
    std::vector<std::byte> out;
    append(out, std::as_bytes(std::span(head)));
    append(out, std::as_bytes(std::span(words)));
    append(out, std::as_bytes(std::span(strings_)));
    append(out, std::as_bytes(std::span(layouts)));
    return out;
  }

  [[nodiscard]] Btf parse() const { return Btf::parse(bytes()); }

  std::vector<std::uint32_t> words;   // the type section
  std::vector<std::uint8_t> layouts;  // the layout section, four bytes a kind; none: as before Linux 7.1

 private:
  static void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  }

  std::uint32_t next_id_;
  std::uint32_t string_base_;
  std::string strings_;
};

}  // namespace fathom::test
