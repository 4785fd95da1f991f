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
  using reference = Symbol;
  using pointer = void;

  SymbolIterator() noexcept = default;

  Symbol operator*() const noexcept { return (*this)[0]; }
  Symbol operator[](difference_type n) const noexcept {
    const auto at = static_cast<std::uint32_t>(at_ + n);
    return {table_, list_ == nullptr ? at : list_[at]};
  }
  SymbolIterator& operator+=(difference_type n) noexcept {
    at_ += n;
    return *this;
  }
  SymbolIterator& operator-=(difference_type n) noexcept { return *this += -n; }
  SymbolIterator& operator++() noexcept { return *this += 1; }
  SymbolIterator& operator--() noexcept { return *this -= 1; }
  SymbolIterator operator++(int) noexcept {
    const SymbolIterator old = *this;
    ++*this;
    return old;
  }
  SymbolIterator operator--(int) noexcept {
    const SymbolIterator old = *this;
    --*this;
    return old;
  }
  friend SymbolIterator operator+(SymbolIterator it, difference_type n) noexcept { return it += n; }
  friend SymbolIterator operator+(difference_type n, SymbolIterator it) noexcept { return it += n; }
  friend SymbolIterator operator-(SymbolIterator it, difference_type n) noexcept { return it -= n; }
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

  [[nodiscard]] SymbolIterator begin() const noexcept { return begin_; }
  [[nodiscard]] SymbolIterator end() const noexcept { return end_; }
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
