#pragma once

#include <fathom/base/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fathom::test {

/// A codec that needs no library: pairs of a count and a byte. 2 bytes become up to 255.
class RunLengthCodec final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "runs"; }
  [[nodiscard]] std::string_view version() const noexcept override { return "1"; }

  void compress(std::span<const std::byte> bytes, std::vector<std::byte>& packed) const override {
    packed.clear();
    for (std::size_t at = 0; at < bytes.size();) {
      std::size_t end = at + 1;
      while (end < bytes.size() && bytes[end] == bytes[at] && end - at < 255)
        ++end;
      packed.push_back(static_cast<std::byte>(end - at));
      packed.push_back(bytes[at]);
      at = end;
    }
  }

  [[nodiscard]] bool decompress(std::span<const std::byte> packed, std::span<std::byte> bytes) const override {
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < packed.size(); i += 2) {
      const auto count = std::to_integer<std::size_t>(packed[i]);
      if (count > bytes.size() - at)
        return false;
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, packed[i + 1]);
      at += count;
    }
    return at == bytes.size() && packed.size() % 2 == 0;
  }
};

}  // namespace fathom::test
