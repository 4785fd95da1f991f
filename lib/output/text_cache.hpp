#pragma once

#include <fathom/base/text_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom::output {

/// Texts by number, each made once: what a task's or a function's part of a line is. Bounded: it begins anew when there
/// are more than any machine has.
class TextCache {
 public:
  /// The text of `key`; `make(out)` fills a TextBuffer if it is new. Good until the next call.
  template <class Make>
  [[nodiscard]] std::string_view get(std::uint64_t key, TextBuffer& scratch, Make&& make) {
    std::size_t at = slot_of(key);
    while (slots_[at].used) {
      if (slots_[at].key == key) [[likely]]
        return {texts_.data() + slots_[at].offset, slots_[at].length};
      at = (at + 1) & (slots_.size() - 1);
    }
    const std::size_t start = scratch.size();
    std::forward<Make>(make)(scratch);
    const std::string_view text = scratch.view().substr(start);
    if (used_ == kMost || texts_.size() + text.size() > kMostBytes)
      clear();
    const auto offset = static_cast<std::uint32_t>(texts_.size());
    texts_.insert(texts_.end(), text.begin(), text.end());
    const auto length = static_cast<std::uint32_t>(text.size());
    scratch.truncate(start);
    insert({key, offset, length, true});
    if (++used_ * 2 > slots_.size())
      grow();
    return {texts_.data() + offset, length};
  }

 private:
  static constexpr std::size_t kMost = std::size_t{1} << 18U;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 26U;

  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    bool used = false;
  };

  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const noexcept {
    return (key * 0x9e37'79b9'7f4a'7c15U >> 32U) & (slots_.size() - 1);
  }
  void insert(const Slot& slot) {
    std::size_t at = slot_of(slot.key);
    while (slots_[at].used)
      at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
  void clear() {
    slots_.assign(slots_.size(), Slot{});
    texts_.clear();
    used_ = 0;
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const Slot& slot : old) {
      if (slot.used)
        insert(slot);
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(256);
  std::vector<char> texts_;
  std::size_t used_ = 0;
};

}  // namespace fathom::output
