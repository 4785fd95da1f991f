#pragma once

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/typed_map.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

namespace fathom::detail {

/// What maps share whose values are things of the kernel: a system call names one by a descriptor, which stays the
/// caller's, and learns its id or cookie.
class FdMap : public TypedMap {
 protected:
  /// Values of 4 bytes, or of 8 as well, of which the object's declaration says which.
  FdMap(const BpfMap& map, BpfMapType type, const CppRecord& key, bool also_8_bytes = false)
      : TypedMap(map, type, key,
                 {"a file descriptor", also_8_bytes && map.value_size() == 8 ? std::size_t{8} : std::size_t{4}, {}}) {}

  void set_fd(const void* key, int to, std::uint64_t mode = kAny) const;
  [[nodiscard]] bool erase_key(const void* key) const { return done("erase from", map_erase(fd(), key), ENOENT); }
  /// What a look-up gives: an id or a cookie; empty if there is nothing.
  [[nodiscard]] std::optional<std::uint64_t> find_number(const void* key) const;
};

}  // namespace fathom::detail
