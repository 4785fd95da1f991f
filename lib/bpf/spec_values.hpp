#pragma once

#include <fathom/bpf/map_spec.hpp>
#include <fathom/bpf/program_spec.hpp>
#include <fathom/bpf/record_layout.hpp>
#include <fathom/bpf/variable_spec.hpp>
#include <fathom/btf/btf.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct bpf_map;
struct bpf_object;

namespace fathom::bpf {

/// All that can be edited of an object.
struct Specs {
  std::vector<ProgramSpec> programs;  // in libbpf's order
  std::vector<MapSpec> maps;          // in libbpf's order
  std::vector<VariableSpec> variables;
};

/// What libbpf has after opening.
[[nodiscard]] Specs read_specs(bpf_object* object, const std::optional<Btf>& btf);

/// Tells libbpf what differs from `as_opened`. Throws BpfError.
void apply_specs(bpf_object* object, const Specs& specs, const Specs& as_opened, const std::string& object_name);

/// The name by which a map is found: of a map of globals the ELF section, which libbpf puts the object's name before.
[[nodiscard]] std::string map_name(const bpf_map* map);

/// The layout of the type of this name: a struct or union, else a typedef.
[[nodiscard]] std::optional<RecordLayout> find_record(const std::optional<Btf>& btf, std::string_view name);

}  // namespace fathom::bpf
