#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/fd_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// Sockets that programs redirect to, or whose data goes through them; used as SockMap and SockHash.
///
///     auto peers = bpf.map<fathom::SockHash<std::uint64_t>>("peers");
///     peers.set(cookie, socket);
///     peers.cookie(cookie);                       // what SO_COOKIE gives, empty if no socket is there
///
/// A socket goes out of the map when it is closed. A handle: copies are of one map. Const members are safe from several
/// threads and allocate nothing. Needs CAP_BPF and CAP_NET_ADMIN. Throws BpfError: EOPNOTSUPP for a socket that is not
/// of a kind, or not in a state, that the kernel takes. Linux 4.14 and 4.18; cookie() 5.6.
template <BpfMapType Type, BpfKey K>
class BasicSockMap : public detail::FdMap {
 public:
  using Key = K;  ///< the type of its keys

  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or its key does not fit.
  explicit BasicSockMap(const BpfMap& map) : FdMap(map, Type, detail::cpp_record<K>(), true) {}
  /// A new map.
  [[nodiscard]] static BasicSockMap create(const MapOptions& options) {
    return BasicSockMap(detail::create_typed(options, Type, sizeof(K), sizeof(std::uint64_t)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BasicSockMap open_pinned(const std::string& path) {
    return BasicSockMap(BpfMap::open_pinned(path));
  }

  /// Puts the socket there, in place of what was there.
  void set(const K& key, int socket) const { set_fd(&key, socket); }
  /// Removes the socket; false if none is there.
  bool erase(const K& key) const;
  /// The cookie of the socket that is there, which names it uniquely; empty if none is there. Only of a map with values
  /// of 8 bytes: of others BpfError (ENOSPC), which is what the kernel says.
  [[nodiscard]] std::optional<std::uint64_t> cookie(const K& key) const { return find_number(&key); }
};

template <BpfMapType Type, BpfKey K>
bool BasicSockMap<Type, K>::erase(const K& key) const {
  // An array says EINVAL of an index that is empty (net/core/sock_map.c, __sock_map_delete).
  const int error = detail::map_erase(fd(), &key);
  return error != EINVAL && done("erase from", error, ENOENT);
}

/// BPF_MAP_TYPE_SOCKMAP: by index.
using SockMap = BasicSockMap<BpfMapType::sockmap, std::uint32_t>;
/// BPF_MAP_TYPE_SOCKHASH: by key.
template <BpfKey K>
using SockHash = BasicSockMap<BpfMapType::sockhash, K>;

// The page of BpfMapClass stands for its specializations too.
/// \cond
template <class K, class V>
struct BpfMapClass<BpfMapType::sockmap, K, V> {
  using Class = SockMap;
};
template <BpfKey K, class V>
struct BpfMapClass<BpfMapType::sockhash, K, V> {
  using Class = SockHash<K>;
};
/// \endcond

}  // namespace fathom
