#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/typed_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace fathom {

/// Memory that programs and this process share, page by page as either touches it (BPF_MAP_TYPE_ARENA): the user's
/// side.
///
///     auto arena = fathom::ArenaMap::create({.name = "heap", .max_entries = 64});      // pages
///     std::ranges::fill(arena.memory().first(4096), std::byte{1});
///
/// Pointers in it are valid on both sides: programs see the addresses of the first mapping, to which all others must be
/// equal, so a second one in the same process is an error (map it once, copy the handle). Touching a page that the
/// kernel cannot give, or that BPF_F_SEGV_ON_FAULT leaves to the programs, is a SIGSEGV. The mapping lives as long as a
/// copy. Nothing but the memory's own accesses is ordered between threads. Needs CAP_BPF. Throws BpfError. Linux 6.9.
class ArenaMap : public detail::TypedMap {
 public:
  ArenaMap(const ArenaMap&) noexcept = default;
  ArenaMap& operator=(const ArenaMap&) noexcept = default;
  /// A copy, so that what is left can be used.
  ArenaMap(ArenaMap&& other) noexcept
      : TypedMap(other), mapping_(other.mapping_), memory_(other.memory_) {}  // NOLINT(*-move-constructor-init)
  ArenaMap& operator=(ArenaMap&& other) noexcept { return *this = other; }    ///< the same
  ~ArenaMap() = default;

  /// A map that is there. Throws BpfError (bad_object) if it is of another type.
  explicit ArenaMap(BpfMap map);
  /// A new map of max_entries pages, at the address `extra` or, if that is 0, anywhere.
  [[nodiscard]] static ArenaMap create(const MapOptions& options);
  /// The map that is pinned there.
  [[nodiscard]] static ArenaMap open_pinned(const std::string& path);

  /// All of its memory. Valid as long as a copy of this lives.
  [[nodiscard]] std::span<std::byte> memory() const noexcept { return memory_; }

 private:
  std::shared_ptr<const void> mapping_;
  std::span<std::byte> memory_;
};

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <class K, class V>
struct BpfMapClass<BpfMapType::arena, K, V> {
  using Class = ArenaMap;
};
/// \endcond

}  // namespace fathom
