#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/typed_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace fathom {

/// A queue or stack in the kernel, shared with BPF programs; used as QueueMap and StackMap.
///
///     auto jobs = bpf.map<fathom::QueueMap<Job>>("jobs");
///     if (!jobs.push(job)) ...                            // full
///     while (auto job = jobs.pop()) run(*job);
///
/// A handle: copies are of one map. Every call is one bpf(2) and allocates nothing. Const members are safe from several
/// threads. The kernel has no way to go through the values or to count them. Needs CAP_BPF. Throws BpfError.
/// Linux 4.20.
template <BpfMapType Type, BpfRecord V>
class BasicQueueMap : public detail::TypedMap {
 public:
  using Value = V;  ///< the type of its values

  /// A map that is there. Throws BpfError (bad_object) if it is of another type, or its values do not fit.
  explicit BasicQueueMap(BpfMap map) : TypedMap(std::move(map), Type, detail::no_record(), detail::cpp_record<V>()) {}
  /// A new map.
  [[nodiscard]] static BasicQueueMap create(const MapOptions& options) {
    return BasicQueueMap(detail::create_typed(options, Type, 0, sizeof(V)));
  }
  /// The map that is pinned there.
  [[nodiscard]] static BasicQueueMap open_pinned(const std::string& path) {
    return BasicQueueMap(BpfMap::open_pinned(path));
  }
  /// The map of this id. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static BasicQueueMap from_id(std::uint32_t id) { return BasicQueueMap(BpfMap::from_id(id)); }

  /// Adds a value; false if it is full.
  [[nodiscard]] bool push(const V& value) const {
    return done("push to", detail::map_update(fd(), nullptr, &value, detail::kAny), E2BIG);
  }
  /// Adds a value, for which the one that would be popped last of a stack, first of a queue, goes if it is full
  /// (BPF_EXIST): the oldest of both.
  void push_out(const V& value) const {
    static_cast<void>(done("push to", detail::map_update(fd(), nullptr, &value, detail::kExist), 0));
  }
  /// Removes the next value and gives it; empty if there is none.
  [[nodiscard]] std::optional<V> pop() const {
    std::optional<V> value(std::in_place);
    if (!done("pop from", detail::map_take(fd(), nullptr, &*value, 0), ENOENT))
      value.reset();
    return value;
  }
  /// The next value, which stays; empty if there is none.
  [[nodiscard]] std::optional<V> peek() const {
    std::optional<V> value(std::in_place);
    if (!done("peek into", detail::map_lookup(fd(), nullptr, &*value, 0), ENOENT))
      value.reset();
    return value;
  }
};

/// BPF_MAP_TYPE_QUEUE: first in, first out.
template <BpfRecord V>
using QueueMap = BasicQueueMap<BpfMapType::queue, V>;
/// BPF_MAP_TYPE_STACK: last in, first out.
template <BpfRecord V>
using StackMap = BasicQueueMap<BpfMapType::stack, V>;

// The page of BpfMapClass stands for its specializations too.
/// \cond
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::queue, K, V> {
  using Class = QueueMap<V>;
};
template <class K, BpfRecord V>
struct BpfMapClass<BpfMapType::stack, K, V> {
  using Class = StackMap<V>;
};
/// \endcond

}  // namespace fathom
