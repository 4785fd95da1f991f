#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>

namespace fathom {

/// What the kernel says about a set of BTF types that it has: the kernel's own, a module's or a program's.
struct BpfBtfInfo {
  std::uint32_t id{};      ///< the kernel's number for it
  std::string name;        ///< "vmlinux", a module's; empty of a program's
  std::uint32_t size{};    ///< bytes
  bool is_kernel = false;  ///< the kernel's or a module's; since Linux 5.11
};

/// \cond
// How LoadedThings asks the kernel: not for users.
namespace detail {

/// How each kind of thing is gone through: the next id, and the thing of an id. Both throw BpfError; empty is the end,
/// or that the thing is gone.
template <class Thing>
struct LoadedThing;

template <>
struct LoadedThing<BpfProgram> {
  static std::optional<std::uint32_t> next(std::uint32_t id);
  static std::optional<BpfProgram> open(std::uint32_t id);
};
template <>
struct LoadedThing<BpfMap> {
  static std::optional<std::uint32_t> next(std::uint32_t id);
  static std::optional<BpfMap> open(std::uint32_t id);
};
template <>
struct LoadedThing<BpfLink> {
  static std::optional<std::uint32_t> next(std::uint32_t id);
  static std::optional<BpfLink> open(std::uint32_t id);
};
template <>
struct LoadedThing<BpfBtfInfo> {
  static std::optional<std::uint32_t> next(std::uint32_t id);
  static std::optional<BpfBtfInfo> open(std::uint32_t id);
};

}  // namespace detail
/// \endcond

/// All things of one kind that the kernel has, whoever made them: a range to go through once, which asks for the next
/// when it is needed. What ends meanwhile is left out, what is made meanwhile may be there.
template <class Thing>
class LoadedThings {
 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Thing;

    Iterator() { advance(); }
    [[nodiscard]] Thing& operator*() const { return *thing_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t /*end*/) { return !at.thing_; }

   private:
    void advance() {
      thing_.reset();
      while (!thing_) {
        const auto next = detail::LoadedThing<Thing>::next(id_);
        if (!next)
          return;
        id_ = *next;
        thing_ = detail::LoadedThing<Thing>::open(id_);
      }
    }

    std::uint32_t id_ = 0;
    mutable std::optional<Thing> thing_;
  };

  /// Asks the kernel for the first of them; each call begins anew.
  [[nodiscard]] Iterator begin() const { return {}; }
  /// What an iterator is equal to when the kernel has no more.
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
};

/// The programs that the kernel has. These four need CAP_SYS_ADMIN, and throw BpfError.
///
///     for (const fathom::BpfProgram& program : fathom::loaded_programs())
///       std::cout << program.id() << ' ' << to_string(program.type()) << ' ' << program.name() << '\n';
[[nodiscard]] inline LoadedThings<BpfProgram> loaded_programs() {
  return {};
}
/// The maps that the kernel has.
[[nodiscard]] inline LoadedThings<BpfMap> loaded_maps() {
  return {};
}
/// The links that the kernel has. Since Linux 5.8.
[[nodiscard]] inline LoadedThings<BpfLink> loaded_links() {
  return {};
}
/// The sets of BTF types that the kernel has. Since Linux 5.4.
[[nodiscard]] inline LoadedThings<BpfBtfInfo> loaded_btf() {
  return {};
}

}  // namespace fathom
