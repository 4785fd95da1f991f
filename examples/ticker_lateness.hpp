#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ticker_example {

/// How late ticks were, in nanoseconds: as many counts as there are sizes, each a thirty-second of its power of two
/// wide, so that a run may last for days.
class Lateness {
 public:
  void add(std::uint64_t late) {
    counts_[place(late)] += 1;
    ticks_ += 1;
    most_ = late > most_ ? late : most_;
  }

  /// How many there were.
  [[nodiscard]] std::uint64_t ticks() const { return ticks_; }
  /// The value below which this share of them lies, to 3 %: of all, the largest. 0 of none.
  [[nodiscard]] std::uint64_t quantile(double share) const {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      if (static_cast<double>(below) > share * static_cast<double>(ticks_))
        return least(i);
    }
    return most_;
  }

 private:
  static constexpr std::size_t kEach = 32;
  static constexpr std::size_t kPlaces = (64 - 5) * kEach + kEach;

  static constexpr std::size_t place(std::uint64_t late) {
    const std::size_t shift = late < 2 * kEach ? 0 : std::bit_width(late) - 6;
    return shift * kEach + (late >> shift);
  }
  static constexpr std::uint64_t least(std::size_t at) {
    const std::size_t shift = at < 2 * kEach ? 0 : at / kEach - 1;
    return (at - shift * kEach) << shift;
  }

  std::array<std::uint64_t, kPlaces> counts_{};
  std::uint64_t ticks_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace ticker_example
