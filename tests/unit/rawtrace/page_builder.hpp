#pragma once

#include <fathom/event/events.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/raw_record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fathom::test {

/// A page as the kernel would write it, in any layout and byte order.
class PageBuilder {
 public:
  explicit PageBuilder(const PageLayout& layout, std::uint64_t time) : layout_(layout), time_(time) {}

  /// The head of an event: type_len and time delta share 32 bits, from the end that the byte order says.
  PageBuilder& head(std::uint32_t type, std::uint32_t delta) {
    return word(layout_.byte_order == std::endian::little ? type | delta << 5U : type << 27U | delta);
  }
  /// A record of `words` 32-bit words, the first two bytes of which are its number.
  PageBuilder& record(std::uint16_t id, std::uint32_t delta, std::uint32_t words = 2) {
    return head(words, delta).payload(id, words);
  }
  /// The same with its length behind its head.
  PageBuilder& long_record(std::uint16_t id, std::uint32_t delta, std::uint32_t words) {
    return head(0, delta).word(4 * (words + 1)).payload(id, words);
  }
  PageBuilder& extend(std::uint64_t delta) {
    return head(30, static_cast<std::uint32_t>(delta & 0x7ffffffU)).word(static_cast<std::uint32_t>(delta >> 27U));
  }
  PageBuilder& stamp(std::uint64_t time) {
    return head(31, static_cast<std::uint32_t>(time & 0x7ffffffU)).word(static_cast<std::uint32_t>(time >> 27U));
  }
  PageBuilder& discarded(std::uint32_t delta, std::uint32_t words) {
    head(29, delta).word(4 * words);
    for (std::uint32_t i = 1; i < words; ++i)
      word(0);
    return *this;
  }
  PageBuilder& rest_is_padding() { return head(29, 0); }
  PageBuilder& word(std::uint32_t value) {
    put(data_, value, 4);
    return *this;
  }
  PageBuilder& missed(std::optional<std::uint64_t> events) {
    missed_ = true;
    missed_events_ = events;
    return *this;
  }
  /// Says that so much of the page is in use, whatever is.
  PageBuilder& commit(std::uint64_t bytes) {
    commit_ = bytes;
    return *this;
  }

  /// The whole page.
  [[nodiscard]] std::vector<std::byte> page() const {
    std::uint64_t commit = commit_.value_or(data_.size());
    std::vector<std::byte> page;
    put(page, time_, 8);
    if (missed_)
      commit |= std::uint64_t{1} << 31U | (missed_events_ ? std::uint64_t{1} << 30U : 0);
    put(page, commit, layout_.long_size);
    page.insert(page.end(), data_.begin(), data_.end());
    if (missed_events_)
      put(page, *missed_events_, layout_.long_size);
    page.resize(layout_.page_size());
    return page;
  }

 private:
  PageBuilder& payload(std::uint16_t id, std::uint32_t words) {
    const std::size_t end = data_.size() + std::size_t{words} * 4;
    put(data_, id, 2);
    data_.resize(end);
    return *this;
  }
  void put(std::vector<std::byte>& to, std::uint64_t value, std::size_t size) const {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = 8 * (layout_.byte_order == std::endian::little ? i : size - 1 - i);
      to.push_back(static_cast<std::byte>(value >> shift));
    }
  }

  PageLayout layout_;
  std::uint64_t time_;
  std::vector<std::byte> data_;
  std::optional<std::uint64_t> commit_;
  bool missed_ = false;
  std::optional<std::uint64_t> missed_events_;
};

/// Notes what it is given: `5@1200` for record 5 at 1200, `lost 7`, `lost ?`; behind `+` the next record of that CPU.
class RecordNotes {
 public:
  void on(const RawRecord& record, const RawRecord* next) {
    notes_ += (notes_.empty() ? "" : " ") + std::to_string(record.id) + '@' + std::to_string(record.time);
    if (record.cpu != 0)
      notes_ += "/" + std::to_string(record.cpu);
    if (next != nullptr)
      notes_ += "+" + std::to_string(next->id);
    for (const std::byte b : record.bytes())
      sum_ += static_cast<std::uint64_t>(b);
  }
  void on(const Loss& loss) {
    notes_ += (notes_.empty() ? "lost " : " lost ") + (loss.events ? std::to_string(*loss.events) : "?");
  }
  [[nodiscard]] const std::string& notes() const { return notes_; }

 private:
  std::string notes_;
  std::uint64_t sum_ = 0;  // each byte is looked at, so that a sanitizer sees a wrong length
};

}  // namespace fathom::test
