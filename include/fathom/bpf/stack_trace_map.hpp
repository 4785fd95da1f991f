#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/typed_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fathom {

/// Stacks that programs keep with bpf_get_stackid, by its result (BPF_MAP_TYPE_STACK_TRACE).
///
///     auto stacks = bpf.map<fathom::StackTraceMap>("stacks");
///     for (std::uint64_t address : stacks.find(id).value_or(std::vector<std::uint64_t>{})) ...   // innermost first
///
/// A number that bpf_get_stackid gave is negative for an error (EEXIST: another stack has its place). A handle: copies
/// are of one map. Const members are safe from several threads. Needs CAP_BPF. Throws BpfError. Linux 4.6. Maps with
/// BPF_F_STACK_BUILD_ID are not taken: bad_object.
class StackTraceMap : public detail::TypedMap {
 public:
  /// A map that is there. Throws BpfError (bad_object) if it is of another type.
  explicit StackTraceMap(const BpfMap& map);
  /// A new map, for stacks of at most so many frames.
  [[nodiscard]] static StackTraceMap create(const MapOptions& options, std::uint32_t max_depth = 127);
  /// The map that is pinned there.
  [[nodiscard]] static StackTraceMap open_pinned(const std::string& path);

  /// How many frames a stack can have.
  [[nodiscard]] std::size_t max_depth() const noexcept { return map().value_size() / sizeof(std::uint64_t); }
  /// The addresses of this stack, the innermost first; empty if there is none.
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> find(std::uint32_t id) const;
  /// The same into memory of at least max_depth() numbers, and how many there are. Allocates nothing.
  [[nodiscard]] std::optional<std::size_t> find(std::uint32_t id, std::span<std::uint64_t> into) const;
  /// Forgets this stack; false if there is none. Its number may then be another's.
  bool erase(std::uint32_t id) const;
  /// The numbers of all stacks, as of one moment if no program adds any meanwhile.
  [[nodiscard]] std::vector<std::uint32_t> ids() const;
};

// The page of BpfMapClass stands for its specializations too.
/// \cond
template <class K, class V>
struct BpfMapClass<BpfMapType::stack_trace, K, V> {
  using Class = StackTraceMap;
};
/// \endcond

}  // namespace fathom
