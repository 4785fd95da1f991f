#pragma once

#include <fathom/symbols/symbol.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>

namespace fathom {

/// Goes through a SymbolRange. Makes each Symbol as it is asked for.
class SymbolIterator {
 public:
  // For C++17's algorithms, which want a reference, it is an input iterator; for ranges it is a random-access one.
  using iterator_category = std::input_iterator_tag;
  using iterator_concept = std::random_access_iterator_tag;
  using value_type = Symbol;
  using difference_type = std::ptrdiff_t;
  using reference = Symbol;  ///< a value, since no Symbol is stored that could be referred to
  using pointer = void;      ///< none, for the same reason

  SymbolIterator() noexcept = default;

  Symbol operator*() const noexcept { return (*this)[0]; }
  /// The symbol `n` places further on, or back if that is negative; there must be one.
  Symbol operator[](difference_type n) const noexcept {
    const auto at = static_cast<std::uint32_t>(at_ + n);
    return {table_, list_ == nullptr ? at : list_[at]};
  }
  /// Goes `n` places on, or back if that is negative.
  SymbolIterator& operator+=(difference_type n) noexcept {
    at_ += n;
    return *this;
  }
  /// Goes `n` places back, or on if that is negative.
  SymbolIterator& operator-=(difference_type n) noexcept { return *this += -n; }
  SymbolIterator& operator++() noexcept { return *this += 1; }
  /// Goes one place back.
  SymbolIterator& operator--() noexcept { return *this -= 1; }
  /// Goes one place on, and gives where it was.
  SymbolIterator operator++(int) noexcept {
    const SymbolIterator old = *this;
    ++*this;
    return old;
  }
  /// Goes one place back, and gives where it was.
  SymbolIterator operator--(int) noexcept {
    const SymbolIterator old = *this;
    --*this;
    return old;
  }
  /// The place `n` further on.
  friend SymbolIterator operator+(SymbolIterator it, difference_type n) noexcept { return it += n; }
  /// The place `n` further on.
  friend SymbolIterator operator+(difference_type n, SymbolIterator it) noexcept { return it += n; }
  /// The place `n` further back.
  friend SymbolIterator operator-(SymbolIterator it, difference_type n) noexcept { return it -= n; }
  /// How many places `a` is behind `b` in their range, which must be the same; negative where it is before.
  friend difference_type operator-(const SymbolIterator& a, const SymbolIterator& b) noexcept { return a.at_ - b.at_; }
  friend bool operator==(const SymbolIterator& a, const SymbolIterator& b) noexcept { return a.at_ == b.at_; }
  friend auto operator<=>(const SymbolIterator& a, const SymbolIterator& b) noexcept { return a.at_ <=> b.at_; }

 private:
  friend class KallsymsIndex;
  SymbolIterator(const detail::KallsymsTable* table, const std::uint32_t* list, std::size_t at) noexcept
      : table_(table), list_(list), at_(static_cast<difference_type>(at)) {}

  const detail::KallsymsTable* table_ = nullptr;
  const std::uint32_t* list_ = nullptr;  // the symbols' places, or none where they follow each other
  difference_type at_ = 0;
};

/// Some symbols of a KallsymsIndex, in an order that the function that gives them states.
///
///     SymbolRange all = index.named("init_module");
///     if (all.size() > 1) std::cout << "which of the " << all.size() << "?\n";
///     for (const Symbol symbol : all) std::cout << symbol.module() << '\n';
///
/// A view: cheap to copy, holds nothing, good as long as the snapshot. A random-access range for std::ranges.
class SymbolRange : public std::ranges::view_interface<SymbolRange> {
 public:
  /// No symbols.
  SymbolRange() noexcept = default;

  /// At the first symbol. Iterators outlive the range: they are good as long as the snapshot.
  [[nodiscard]] SymbolIterator begin() const noexcept { return begin_; }
  /// Behind the last symbol.
  [[nodiscard]] SymbolIterator end() const noexcept { return end_; }
  /// How many symbols.
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_); }

 private:
  friend class KallsymsIndex;
  SymbolRange(SymbolIterator begin, SymbolIterator end) noexcept : begin_(begin), end_(end) {}

  SymbolIterator begin_;
  SymbolIterator end_;
};

}  // namespace fathom

// Its iterators do not point into it.
template <>
inline constexpr bool std::ranges::enable_borrowed_range<fathom::SymbolRange> = true;
