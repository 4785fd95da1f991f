#pragma once

#include <fathom/btf/btf_kind.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>

namespace fathom {

namespace detail {
class BtfData;
}  // namespace detail

class BtfType;

struct BtfMember;
struct BtfEnumerator;
struct BtfParameter;
struct BtfVariable;

/// Who may call a function or see a variable by name.
enum class BtfLinkage : std::uint8_t {
  static_ = 0,
  global = 1,
  extern_ = 2,
};

/// The parts of a type, read from the BTF as they are looked at; costs and allocates nothing. A view and a range:
/// `for (const BtfMember& m : type.members())`, `type.members()[2]`, `type.members().size()`.
template <typename Item>
class BtfList : public std::ranges::view_interface<BtfList<Item>> {
 public:
  class Iterator {
   public:
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;  // dereferences to a value
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using reference = Item;
    using pointer = void;

    Iterator() = default;
    Iterator(const detail::BtfData* data, std::uint32_t id, difference_type index)
        : data_(data), id_(id), index_(index) {}

    Item operator*() const { return Item::read(*data_, id_, static_cast<std::size_t>(index_)); }
    Item operator[](difference_type n) const { return *(*this + n); }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this -= 1; }
    Iterator operator++(int) {
      const Iterator old = *this;
      ++*this;
      return old;
    }
    Iterator operator--(int) {
      const Iterator old = *this;
      --*this;
      return old;
    }
    Iterator& operator+=(difference_type n) {
      index_ += n;
      return *this;
    }
    Iterator& operator-=(difference_type n) { return *this += -n; }
    friend Iterator operator+(Iterator i, difference_type n) { return i += n; }
    friend Iterator operator+(difference_type n, Iterator i) { return i += n; }
    friend Iterator operator-(Iterator i, difference_type n) { return i -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) { return a.index_ - b.index_; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }
    friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.index_ <=> b.index_; }

   private:
    const detail::BtfData* data_ = nullptr;
    std::uint32_t id_ = 0;
    difference_type index_ = 0;
  };

  BtfList() = default;
  BtfList(const detail::BtfData& data, std::uint32_t id, std::size_t size) : data_(&data), id_(id), size_(size) {}

  /// At the first part. Iterators outlive the list: they are valid as long as the Btf.
  [[nodiscard]] Iterator begin() const { return {data_, id_, 0}; }
  /// Behind the last part.
  [[nodiscard]] Iterator end() const { return {data_, id_, static_cast<std::ptrdiff_t>(size_)}; }
  /// How many parts there are; 0 also where the type's kind has none of this sort.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The part of this number, from 0; there must be one.
  [[nodiscard]] Item operator[](std::size_t index) const { return Item::read(*data_, id_, index); }

 private:
  const detail::BtfData* data_ = nullptr;
  std::uint32_t id_ = 0;
  std::size_t size_ = 0;
};

/// One type of a Btf: a light view, cheap to copy, valid as long as the Btf that gave it (or a copy of that).
///
///     const BtfType task = *btf.find(BtfKind::struct_, "task_struct");
///     for (const BtfMember& m : task.members())
///       std::cout << m.bit_offset / 8 << ' ' << m.type.to_c(m.name) << '\n';   // 0 struct thread_info thread_info
///     const auto pid = task.find_member("pid");               // also in anonymous structs and unions inside it
///     std::cout << pid->type.resolved().size().value();       // 4: typedefs seen through
///
/// Each function answers for the kinds that it names; asked of another kind it gives nothing: an empty list, an empty
/// optional, `void`. No function but to_c() allocates. Safe to use from several threads.
class BtfType {
 public:
  /// Two are equal if they are the same type of the same Btf.
  friend bool operator==(const BtfType&, const BtfType&) = default;

  /// Its number in the Btf, as the kernel and other tools count; 0 for void.
  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  [[nodiscard]] BtfKind kind() const noexcept;
  /// Its name; empty if it has none: pointers, arrays, prototypes, anonymous structs.
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] bool is_void() const noexcept { return id_ == 0; }
  /// `struct` or `union`: has members.
  [[nodiscard]] bool is_composite() const noexcept;
  /// `enum`, of 32 or 64 bits.
  [[nodiscard]] bool is_enum() const noexcept;
  /// `const`, `volatile`, `restrict` or a type tag.
  [[nodiscard]] bool is_modifier() const noexcept;

  /// Bytes that a value takes; typedefs, modifiers and arrays are seen through, a variable has the size of its type.
  /// Empty where there is no size (void, functions, structs that are only named) or where an array's overflows.
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept;

  /// The type that this one is made from: what a pointer points to, a typedef or modifier stands for, an array holds, a
  /// function's prototype, a prototype's return type, a variable's type, what a tag is attached to.
  [[nodiscard]] BtfType target() const noexcept;
  /// This type without typedefs and modifiers around it.
  [[nodiscard]] BtfType resolved() const noexcept;
  /// This type without the modifiers around it; typedefs stay.
  [[nodiscard]] BtfType unqualified() const noexcept;

  /// struct, union: the members in order.
  [[nodiscard]] BtfList<BtfMember> members() const noexcept;
  /// struct, union: the member of this name, also inside unnamed structs and unions, then with its offset from the
  /// start of this type. Typedefs and modifiers around the struct are seen through.
  [[nodiscard]] std::optional<BtfMember> find_member(std::string_view member) const noexcept;

  /// enum: the values in order.
  [[nodiscard]] BtfList<BtfEnumerator> enumerators() const noexcept;
  /// enum: the first value of this name.
  [[nodiscard]] std::optional<BtfEnumerator> find_enumerator(std::string_view enumerator) const noexcept;
  /// enum: the first name of this value (for unsigned 64-bit enums, its bits).
  [[nodiscard]] std::optional<BtfEnumerator> find_enumerator(std::int64_t value) const noexcept;

  /// int, enum: whether it has negative values. pahole tells it of enums since 1.24 (Linux 6.0); before, none is
  /// signed.
  [[nodiscard]] bool is_signed() const noexcept;
  /// int: described as a character. No kernel's BTF does: there `char` is a signed or unsigned int of one byte.
  [[nodiscard]] bool is_char() const noexcept;
  /// int: `_Bool`.
  [[nodiscard]] bool is_bool() const noexcept;
  /// int: bits that carry its value; 0 for other kinds.
  [[nodiscard]] unsigned int_bits() const noexcept;

  /// array: how many elements; 0 for a flexible one.
  [[nodiscard]] std::uint32_t array_length() const noexcept;

  /// func: its prototype; empty if the BTF names something else as such. A prototype is its own.
  [[nodiscard]] std::optional<BtfType> prototype() const noexcept;
  /// func, func_proto: the parameters in order, without the `...` of a variadic one.
  [[nodiscard]] BtfList<BtfParameter> parameters() const noexcept;
  /// func, func_proto: ends in `...`.
  [[nodiscard]] bool is_variadic() const noexcept;
  /// func, func_proto: what it returns; void for other kinds too.
  [[nodiscard]] BtfType return_type() const noexcept;
  /// func, var: who sees it. pahole calls every function of vmlinux static.
  [[nodiscard]] std::optional<BtfLinkage> linkage() const noexcept;

  /// datasec: its variables in order.
  [[nodiscard]] BtfList<BtfVariable> variables() const noexcept;
  /// fwd: it is a union that is only named.
  [[nodiscard]] bool is_union_fwd() const noexcept;
  /// decl_tag: which member or parameter of target() it is attached to; empty for target() itself.
  [[nodiscard]] std::optional<std::uint32_t> tagged_component() const noexcept;

  /// As C: `const struct task_struct *`, with a name `int (*handler)(int, void *)`; a function and a variable with
  /// their own names. Structs are named, not spelled out (`struct {...}` if they have no name), type tags are left out.
  /// What nests deeper than any C does, or has longer names (64 KiB in all), is cut with `...`.
  [[nodiscard]] std::string to_c(std::string_view declared_name = {}) const;

 private:
  friend class detail::BtfData;
  BtfType(const detail::BtfData& data, std::uint32_t id) noexcept : data_(&data), id_(id) {}

  const detail::BtfData* data_;
  std::uint32_t id_;
};

/// A member of a struct or union. A view like BtfType: valid as long as the Btf that it is from.
struct BtfMember {
  std::string_view name;        ///< empty for an unnamed struct or union inside, or a bit field that pads
  BtfType type;                 ///< of a bit field: what it is declared as
  std::uint64_t bit_offset;     ///< from the start of the struct; where a bit field is counted from the machine's low
                                ///< end or, if that is big-endian, from the high end of its bytes
  std::uint32_t bitfield_bits;  ///< the width of a bit field; 0 if it is none

  /// Whole bytes from the start of the struct; of a bit field, the byte that its first bit is in.
  [[nodiscard]] std::uint64_t byte_offset() const noexcept { return bit_offset / 8; }

  [[nodiscard]] static BtfMember read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept;
};

/// A named value of an enum. Its name is valid as long as the Btf that it is from.
struct BtfEnumerator {
  std::string_view name;  ///< the constant's, without the enum's own
  std::int64_t value;     ///< of an unsigned 64-bit enum the same bits: cast it to std::uint64_t

  [[nodiscard]] static BtfEnumerator read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept;
};

/// A parameter of a function. A view like BtfType: valid as long as the Btf that it is from.
struct BtfParameter {
  std::string_view name;  ///< often empty in a pointer's prototype
  BtfType type;           ///< as the BTF has it, typedefs and modifiers included

  [[nodiscard]] static BtfParameter read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept;
};

/// A variable's place in an ELF section. A view like BtfType: valid as long as the Btf that it is from.
struct BtfVariable {
  BtfType var;           ///< of kind var, or func for a program's functions of the kernel
  std::uint32_t offset;  ///< in bytes, from the start of the section
  std::uint32_t size;    ///< in bytes

  [[nodiscard]] static BtfVariable read(const detail::BtfData& data, std::uint32_t id, std::size_t index) noexcept;
};

}  // namespace fathom
