#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/fd_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cstdint>
#include <string>

namespace fathom {

/// An array whose elements are things of the kernel, each set by its descriptor; used as PerfEventArray, CgroupArray,
/// XskMap, ReuseportSockArray.
///
///     auto events = bpf.map<fathom::PerfEventArray>("events");
///     events.set(cpu, perf_event.native_handle());
///     events.erase(cpu);
///
/// The kernel takes a reference of its own, so the descriptor may be closed; but perf events go out of the array when
/// the descriptor of the map is closed that set them (BPF_F_PRESERVE_ELEMS keeps them), and sockets when they are
/// closed. A handle: copies are of one map. Const members are safe from several threads and allocate nothing. Needs
/// CAP_BPF (XskMap CAP_NET_ADMIN too). Throws BpfError: EBADF or EINVAL for a descriptor of another kind. Linux 4.3 for
/// perf events, 4.8 for cgroups, 4.18 for AF_XDP sockets, 4.19 for reuseport.
template <BpfMapType Type>
class FdArray : public detail::FdMap {
  static constexpr bool kHoldsSockets = Type == BpfMapType::reuseport_sockarray;

 public:
  /// A map that is there. Throws BpfError (bad_object) if it is of another type.
  explicit FdArray(const BpfMap& map) : FdMap(map, Type, detail::cpp_record<std::uint32_t>(), kHoldsSockets) {}
  /// A new map.
  [[nodiscard]] static FdArray create(const MapOptions& options) {
    return FdArray(detail::create_typed(options, Type, 4, kHoldsSockets ? 8 : 4));
  }
  /// The map that is pinned there.
  [[nodiscard]] static FdArray open_pinned(const std::string& path) { return FdArray(BpfMap::open_pinned(path)); }

  /// Puts what this descriptor is of at the index, in place of what was there.
  void set(std::uint32_t index, int descriptor) const { set_fd(&index, descriptor); }
  /// Empties the index; false if it was empty.
  bool erase(std::uint32_t index) const { return erase_key(&index); }
};

/// BPF_MAP_TYPE_PERF_EVENT_ARRAY: perf events that programs read, or write records to; one a CPU.
using PerfEventArray = FdArray<BpfMapType::perf_event_array>;
/// BPF_MAP_TYPE_CGROUP_ARRAY: cgroups (the descriptor is of the folder) that programs ask about.
using CgroupArray = FdArray<BpfMapType::cgroup_array>;
/// BPF_MAP_TYPE_XSKMAP: AF_XDP sockets that XDP programs redirect to.
using XskMap = FdArray<BpfMapType::xskmap>;
/// BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: sockets of one SO_REUSEPORT group that programs select from.
using ReuseportSockArray = FdArray<BpfMapType::reuseport_sockarray>;

/// \cond
// Cases of BpfMapClass, which bpf_names.hpp describes.
template <class K, class V>
struct BpfMapClass<BpfMapType::perf_event_array, K, V> {
  using Class = PerfEventArray;
};
template <class K, class V>
struct BpfMapClass<BpfMapType::cgroup_array, K, V> {
  using Class = CgroupArray;
};
template <class K, class V>
struct BpfMapClass<BpfMapType::xskmap, K, V> {
  using Class = XskMap;
};
template <class K, class V>
struct BpfMapClass<BpfMapType::reuseport_sockarray, K, V> {
  using Class = ReuseportSockArray;
};
/// \endcond

}  // namespace fathom
