#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/map_calls.hpp>
#include <fathom/bpf/map_options.hpp>
#include <fathom/bpf/record_check.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fathom::detail {

/// What all typed maps share: the map itself, checked to be of the type and the sizes of the C++ class.
class TypedMap {
 public:
  /// The map without types: name, id, info, layouts.
  [[nodiscard]] const BpfMap& map() const noexcept { return map_; }
  [[nodiscard]] const std::string& name() const noexcept { return map_.name(); }
  /// How many entries it can have.
  [[nodiscard]] std::uint32_t max_entries() const noexcept { return map_.max_entries(); }
  /// How far the key's type was compared with the object file's.
  [[nodiscard]] RecordCheck key_check() const noexcept { return key_check_; }
  /// How far the value's type was compared with the object file's.
  [[nodiscard]] RecordCheck value_check() const noexcept { return value_check_; }
  /// From now on no system call changes it; programs may. Cannot be undone. Linux 5.2.
  void freeze() const { map_.freeze(); }
  /// Makes the file `path` in a bpf file system hold the map.
  void pin(const std::string& path) const { map_.pin(path); }
  /// Removes that file.
  void unpin(const std::string& path) const { map_.unpin(path); }

 protected:
  /// Throws BpfError (bad_object) with both layouts.
  TypedMap(BpfMap map, BpfMapType type, const CppRecord& key, const CppRecord& value);

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[noreturn]] void fail(std::string_view operation, int errno_value, std::string done = {}) const {
    map_failed(map_, operation, errno_value, std::move(done));
  }
  /// False for `absent`, which is no error here; throws on any other.
  [[nodiscard]] bool done(std::string_view operation, int errno_value, int absent) const {
    if (errno_value == 0) [[likely]]
      return true;
    if (errno_value == absent)
      return false;
    fail(operation, errno_value);
  }

 private:
  BpfMap map_;
  int fd_;
  RecordCheck key_check_{};
  RecordCheck value_check_{};
};

/// The key or value of maps that have none.
[[nodiscard]] constexpr CppRecord no_record() {
  return {"none", 0, {}};
}

/// A new map of a typed class.
[[nodiscard]] inline BpfMap create_typed(const MapOptions& options, BpfMapType type, std::size_t key_size,
                                         std::size_t value_size) {
  return create_map({.common = options,
                     .type = type,
                     .key_size = static_cast<std::uint32_t>(key_size),
                     .value_size = static_cast<std::uint32_t>(value_size)});
}

}  // namespace fathom::detail
