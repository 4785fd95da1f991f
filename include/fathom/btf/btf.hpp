#pragma once

#include <fathom/btf/btf_kind.hpp>
#include <fathom/btf/btf_type.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

/// All types of one name, in the order of their ids: a forward range of BtfType that allocates nothing.
class BtfNamed : public std::ranges::view_interface<BtfNamed> {
 public:
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;  // dereferences to a value
    using value_type = BtfType;
    using difference_type = std::ptrdiff_t;
    using reference = BtfType;
    using pointer = void;

    Iterator() = default;
    Iterator(const detail::BtfData* data, std::string_view name, std::uint32_t id)
        : data_(data), name_(name), id_(id) {}

    BtfType operator*() const;
    Iterator& operator++();
    Iterator operator++(int) {
      const Iterator old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.id_ == b.id_; }

   private:
    const detail::BtfData* data_ = nullptr;
    std::string_view name_;
    std::uint32_t id_ = 0;  // 0: the end
  };

  BtfNamed() = default;
  BtfNamed(const detail::BtfData& data, std::string_view name);

  /// At the type of the lowest id; equal to end() where no type has the name.
  [[nodiscard]] Iterator begin() const { return first_; }
  /// Behind the last type; the same for every name.
  [[nodiscard]] static Iterator end() { return {}; }

 private:
  Iterator first_;
};

/// The kernel's description of its own types (BPF Type Format): structs with their members, enums, function prototypes.
///
///     const fathom::Btf btf = fathom::Btf::load();                         // /sys/kernel/btf/vmlinux
///     if (auto read = btf.find(fathom::BtfKind::func, "vfs_read"))
///       std::cout << read->to_c();         // ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t
///       *pos)
///     const auto ext4 = fathom::Btf::load("/sys/kernel/btf/ext4", btf);    // a module's, on top of the kernel's
///     for (fathom::BtfType type : ext4.own_types()) ...
///
/// An immutable value: copies share one body, and a module's Btf keeps its base alive. BtfType and names are views into
/// it, valid as long as any copy lives, so a Btf that is not kept gives none: `Btf::load().find(...)` does not compile.
/// Safe to use from several threads; the index of names is built by the first
/// look-up that needs it, and no look-up allocates.
///
/// The bytes are checked whole before the Btf exists: each reference, name and length is sound, no name is longer than
/// 64 KiB, and no type is made from itself or from a chain of more than 64. Both byte orders are read, and BTF of a
/// newer kernel as far as its records say how long they are. Needs about 1.2 times the bytes of the file, which for a
/// distribution's kernel are 5 MB.
class Btf {  // NOLINT(cppcoreguidelines-special-member-functions): moving copies, see below
 public:
  // Moving copies, so that what was moved from is still whole.
  Btf(const Btf&) noexcept = default;
  Btf& operator=(const Btf&) noexcept = default;
  ~Btf() = default;

  /// Parses the contents of a `.BTF` section or of a file in /sys/kernel/btf. Throws Error (invalid_argument) that says
  /// what is wrong and at which byte.
  [[nodiscard]] static Btf parse(std::span<const std::byte> bytes);
  /// Parses split BTF: that of a module, whose ids and names go on where those of `base` end.
  [[nodiscard]] static Btf parse(std::span<const std::byte> bytes, const Btf& base);
  /// Reads a file of raw BTF. Linux gives /sys/kernel/btf with CONFIG_DEBUG_INFO_BTF, to everyone. Throws Error with
  /// the path.
  [[nodiscard]] static Btf load(const std::string& path = "/sys/kernel/btf/vmlinux");
  /// The same for a module's, /sys/kernel/btf/MODULE, on top of the kernel's.
  [[nodiscard]] static Btf load(const std::string& path, const Btf& base);

  /// How many ids there are: those of the base included, and 0, which is void.
  [[nodiscard]] std::uint32_t id_count() const noexcept;
  /// The type of this id; empty beyond the last.
  [[nodiscard]] std::optional<BtfType> type(std::uint32_t id) const& noexcept;
  [[nodiscard]] std::optional<BtfType> type(std::uint32_t id) const&& = delete;
  /// Every type, void and those of the base included, in the order of ids.
  [[nodiscard]] auto types() const& {
    return std::views::iota(std::uint32_t{0}, id_count()) | std::views::transform(TypeOfId{data_.get()});
  }
  void types() const&& = delete;
  /// The types of this Btf alone: all but those of the base and void.
  [[nodiscard]] auto own_types() const& {
    return std::views::iota(first_own_id(), id_count()) | std::views::transform(TypeOfId{data_.get()});
  }
  void own_types() const&& = delete;
  /// The id of the first type that is not of the base: 1 if there is no base.
  [[nodiscard]] std::uint32_t first_own_id() const noexcept;

  /// The first type of this kind and name.
  [[nodiscard]] std::optional<BtfType> find(BtfKind kind, std::string_view name) const&;
  [[nodiscard]] std::optional<BtfType> find(BtfKind kind, std::string_view name) const&& = delete;
  /// All types of this name, whatever their kind: a struct and a typedef may share one, static functions too.
  [[nodiscard]] BtfNamed named(std::string_view name) const&;
  [[nodiscard]] BtfNamed named(std::string_view name) const&& = delete;

  /// Bytes of a pointer, from the size of `long`; 8 where the BTF has no such type.
  [[nodiscard]] std::uint8_t pointer_size() const noexcept;
  /// The bytes came in the byte order that is not this machine's. Types read the same.
  [[nodiscard]] bool was_foreign_endian() const noexcept;

 private:
  struct TypeOfId {
    const detail::BtfData* data;
    BtfType operator()(std::uint32_t id) const noexcept;
  };

  explicit Btf(std::shared_ptr<const detail::BtfData> data) : data_(std::move(data)) {}

  std::shared_ptr<const detail::BtfData> data_;
};

}  // namespace fathom
