#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/fd_map.hpp>
#include <fathom/bpf/map_options.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// The programs that others may go on with (BPF_MAP_TYPE_PROG_ARRAY, bpf_tail_call).
///
///     auto stages = bpf.map<fathom::ProgramArray>("stages");
///     stages.set(0, bpf.program("parse"));
///     stages.erase(0);                                    // the tail call then falls through
///
/// All programs must be of the type of the first one that was put in or that uses the array. The kernel empties it when
/// the last descriptor and pin of it are gone, though programs still use it. A handle: copies are of one map. Const
/// members are safe from several threads. Needs CAP_BPF. Throws BpfError. Linux 4.2; id() 4.12.
class ProgramArray : public detail::FdMap {
 public:
  /// A map that is there. Throws BpfError (bad_object) if it is of another type.
  explicit ProgramArray(const BpfMap& map) : FdMap(map, BpfMapType::prog_array, detail::cpp_record<std::uint32_t>()) {}
  /// A new map.
  [[nodiscard]] static ProgramArray create(const MapOptions& options) {
    return ProgramArray(detail::create_typed(options, BpfMapType::prog_array, 4, 4));
  }
  /// The map that is pinned there.
  [[nodiscard]] static ProgramArray open_pinned(const std::string& path) {
    return ProgramArray(BpfMap::open_pinned(path));
  }

  /// Puts the program at the index, in place of what was there.
  void set(std::uint32_t index, const BpfProgram& program) const { set_fd(&index, program.native_handle()); }
  /// Empties the index; false if it was empty.
  bool erase(std::uint32_t index) const { return erase_key(&index); }
  /// The id of the program that is there; empty if none is.
  [[nodiscard]] std::optional<std::uint32_t> id(std::uint32_t index) const {
    const auto number = find_number(&index);
    return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
  }
};

// The page of BpfMapClass stands for its specializations too.
/// \cond
template <class K, class V>
struct BpfMapClass<BpfMapType::prog_array, K, V> {
  using Class = ProgramArray;
};
/// \endcond

}  // namespace fathom
