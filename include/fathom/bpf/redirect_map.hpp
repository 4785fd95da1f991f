#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/typed_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// Where an XDP program redirects a packet to: used as DevMap, DevMapHash (network devices) and CpuMap (processors).
///
///     auto ports = bpf.map<fathom::DevMap>("ports");
///     ports.set(0, if_nametoindex("veth1"));
///     auto cpus = bpf.map<fathom::CpuMap>("cpus");
///     cpus.set(1, 192, bpf.program("on_cpu"));      // CPU 1, a queue of 192 packets, a program of SEC("xdp/cpumap")
///
/// A handle: copies are of one map. Const members are safe from several threads and allocate nothing. Needs CAP_BPF and
/// CAP_NET_ADMIN. Throws BpfError. Linux 4.14 (devices), 4.15 (processors), 5.4 (devices by hash); programs 5.8
/// and 5.9.
class RedirectMap : public detail::TypedMap {
 public:
  /// What is at a key.
  struct Target {
    std::uint32_t number{};      ///< of a device its ifindex, of a processor the length of its queue
    std::uint32_t program_id{};  ///< 0 for none

    friend bool operator==(const Target&, const Target&) = default;
  };

  /// Sets the device (ifindex) or the length of the processor's queue, and the program that sees each packet there.
  void set(std::uint32_t key, std::uint32_t number, const std::optional<BpfProgram>& program = {}) const;
  /// Removes what is there; false if nothing is.
  bool erase(std::uint32_t key) const;
  /// What is there; empty if nothing is.
  [[nodiscard]] std::optional<Target> find(std::uint32_t key) const;

 protected:
  /// A map that is there. Throws BpfError (bad_object) if it is not of this type, or its key or value does not fit.
  RedirectMap(const BpfMap& map, BpfMapType type);
};

/// RedirectMap of one type of map.
template <BpfMapType Type>
class BasicRedirectMap : public RedirectMap {
 public:
  /// A map that is there. Throws BpfError (bad_object) if it is of another type.
  explicit BasicRedirectMap(const BpfMap& map) : RedirectMap(map, Type) {}
  /// A new map, with room for programs.
  [[nodiscard]] static BasicRedirectMap create(const MapOptions& options) {
    return BasicRedirectMap(detail::create_typed(options, Type, 4, 8));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BasicRedirectMap open_pinned(const std::string& path) {
    return BasicRedirectMap(BpfMap::open_pinned(path));
  }
};

/// BPF_MAP_TYPE_DEVMAP: devices by index.
using DevMap = BasicRedirectMap<BpfMapType::devmap>;
/// BPF_MAP_TYPE_DEVMAP_HASH: devices by any number.
using DevMapHash = BasicRedirectMap<BpfMapType::devmap_hash>;
/// BPF_MAP_TYPE_CPUMAP: processors by their number.
using CpuMap = BasicRedirectMap<BpfMapType::cpumap>;

// The page of BpfMapClass stands for its specializations too.
/// \cond
template <class K, class V>
struct BpfMapClass<BpfMapType::devmap, K, V> {
  using Class = DevMap;
};
template <class K, class V>
struct BpfMapClass<BpfMapType::devmap_hash, K, V> {
  using Class = DevMapHash;
};
template <class K, class V>
struct BpfMapClass<BpfMapType::cpumap, K, V> {
  using Class = CpuMap;
};
/// \endcond

}  // namespace fathom
