#pragma once

#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/record_layout.hpp>
#include <fathom/btf/btf.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

namespace detail {
struct MapHandle;
}  // namespace detail

/// What the kernel says about a map.
struct BpfMapInfo {
  std::uint32_t id{};           ///< the kernel's number for it
  BpfMapType type{};            ///< what kind of map it is
  std::string name;             ///< at most 15 bytes of it: what the kernel keeps
  std::uint32_t key_size{};     ///< bytes; 0 of a type without keys
  std::uint32_t value_size{};   ///< bytes, of a per-CPU map those of one CPU; 0 of a type without values
  std::uint32_t max_entries{};  ///< bytes of a ring buffer, pages of an arena; 0 of local storage
  std::uint32_t flags{};        ///< BPF_F_NO_PREALLOC and so on
  std::uint64_t extra{};        ///< `map_extra`, as it was asked for; 0 before Linux 5.16
  std::uint32_t ifindex{};      ///< of a map offloaded to a device
};

/// A map in the kernel, without C++ types: a handle, and what the typed maps are made from.
///
///     fathom::BpfMap counts = bpf.map("counts");
///     std::cout << counts.name() << ": " << counts.info().max_entries << " entries\n";
///
/// Copies are of one map, which stays as long as a handle, a pin or a program holds it; a move is a copy. A handle from
/// a LoadedBpf keeps the whole object alive. Const members are safe from several threads. Needs CAP_BPF or
/// CAP_SYS_ADMIN. Throws BpfError.
class BpfMap {
 public:
  BpfMap(const BpfMap&) noexcept = default;
  BpfMap& operator=(const BpfMap&) noexcept = default;
  /// A copy, so that what is left can be used.
  BpfMap(BpfMap&& other) noexcept : handle_(other.handle_) {}           // NOLINT(performance-move-constructor-init)
  BpfMap& operator=(BpfMap&& other) noexcept { return *this = other; }  ///< the same
  ~BpfMap() = default;

  /// The map that is pinned there; BpfError (bad_object) if a program or a link is.
  [[nodiscard]] static BpfMap open_pinned(const std::string& path);
  /// The map of this id. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static BpfMap from_id(std::uint32_t id);

  /// The whole name; of one that was not made here, the kernel's 15 bytes.
  [[nodiscard]] const std::string& name() const noexcept;
  /// The name of the object that it is from; empty of one that was not made here.
  [[nodiscard]] const std::string& object_name() const noexcept;
  /// As it was when the handle was made; only info() is a system call.
  [[nodiscard]] BpfMapType type() const noexcept;
  [[nodiscard]] std::uint32_t key_size() const noexcept;     ///< bytes
  [[nodiscard]] std::uint32_t value_size() const noexcept;   ///< bytes
  [[nodiscard]] std::uint32_t max_entries() const noexcept;  ///< bytes of a ring buffer, pages of an arena
  [[nodiscard]] std::uint32_t flags() const noexcept;        ///< BPF_F_NO_PREALLOC and so on
  [[nodiscard]] std::uint32_t id() const noexcept;           ///< the kernel's number for it
  /// What the kernel says of it now.
  [[nodiscard]] BpfMapInfo info() const;
  /// The file descriptor, which stays the handle's.
  [[nodiscard]] int native_handle() const noexcept;

  /// How the object file describes the key; empty where it gives a size only, or where the map is not from an object.
  [[nodiscard]] std::optional<RecordLayout> key_layout() const;
  /// The same for the value.
  [[nodiscard]] std::optional<RecordLayout> value_layout() const;
  /// The struct, union or typedef of this name in the BTF of the map's object file: for what the map's declaration does
  /// not name, the records of a ring buffer. Empty if there is none (FATHOM_EXPORT_TYPE puts it there).
  [[nodiscard]] std::optional<RecordLayout> record(std::string_view type_name) const;
  /// The types of the object file; empty if it was compiled without -g, or if the map is from no object.
  [[nodiscard]] std::optional<Btf> btf() const;

  /// From now on no system call changes the map; programs may. Cannot be undone. Linux 5.2.
  void freeze() const;
  /// Makes the file `path` in a bpf file system hold the map.
  void pin(const std::string& path) const;
  /// Removes that file; the map stays while anything else holds it.
  void unpin(const std::string& path) const;

 private:
  friend struct MapAccess;
  explicit BpfMap(std::shared_ptr<const detail::MapHandle> handle) : handle_(std::move(handle)) {}

  std::shared_ptr<const detail::MapHandle> handle_;
};

}  // namespace fathom
