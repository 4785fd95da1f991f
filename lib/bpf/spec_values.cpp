#include "spec_values.hpp"

#include "error_cause.hpp"
#include "handles.hpp"
#include "libbpf_print.hpp"
#include "program_section.hpp"

#include <fathom/bpf/bpf_error.hpp>

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace fathom::bpf {

namespace {

constexpr std::array<std::string_view, 4> kGlobalSections = {".rodata", ".data", ".bss", ".kconfig"};

bool holds_globals(std::string_view section) {
  return std::ranges::any_of(kGlobalSections, [&](std::string_view kind) {
    return section == kind || (section.starts_with(kind) && section[kind.size()] == '.');
  });
}

std::string text(const char* c_string) {
  return c_string == nullptr ? std::string() : c_string;
}

std::string target_in(std::string_view section) {
  const std::size_t slash = section.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(section.substr(slash + 1));
}

ProgramSpec read_program(const bpf_program* program) {
  ProgramSpec spec;
  spec.name = text(bpf_program__name(program));
  spec.section = text(bpf_program__section_name(program));
  spec.instruction_count = bpf_program__insn_cnt(program);
  spec.type = static_cast<BpfProgramType>(bpf_program__type(program));
  spec.expected_attach_type = static_cast<BpfAttachType>(bpf_program__expected_attach_type(program));
  spec.autoload = bpf_program__autoload(program);
  spec.attach_target = target_in(spec.section);
  spec.flags = bpf_program__flags(program);
  spec.log_level = bpf_program__log_level(program);
  return spec;
}

MapSpec read_map(const bpf_map* map) {
  MapSpec spec;
  spec.name = map_name(map);
  spec.type = static_cast<BpfMapType>(bpf_map__type(map));
  spec.key_size = bpf_map__key_size(map);
  spec.value_size = bpf_map__value_size(map);
  spec.max_entries = bpf_map__max_entries(map);
  spec.flags = bpf_map__map_flags(map);
  spec.extra = bpf_map__map_extra(map);
  spec.numa_node = bpf_map__numa_node(map);
  spec.autocreate = bpf_map__autocreate(map);
  spec.is_global_data = bpf_map__is_internal(map);
  spec.pin_path = text(bpf_map__pin_path(map));
  return spec;
}

bpf_map* find_map(const bpf_object* object, std::string_view name) {
  for (bpf_map* map = bpf_object__next_map(object, nullptr); map != nullptr; map = bpf_object__next_map(object, map)) {
    if (map_name(map) == name)
      return map;
  }
  return nullptr;
}

void read_variables(const bpf_object* object, const Btf& btf, std::vector<VariableSpec>& specs) {
  for (const BtfType section : btf.own_types()) {
    if (section.kind() != BtfKind::datasec || !holds_globals(section.name()))
      continue;
    std::size_t size = 0;
    bpf_map* const map = find_map(object, section.name());
    const auto* const memory =
        map == nullptr ? nullptr : static_cast<const std::byte*>(bpf_map__initial_value(map, &size));
    for (const BtfVariable& variable : section.variables()) {
      VariableSpec spec;
      spec.name = variable.var.name();
      spec.section = section.name();
      spec.type = variable.var.target().unqualified().to_c();
      spec.offset = variable.offset;
      const std::size_t bytes = variable.var.size().value_or(0);
      if (memory != nullptr && spec.offset <= size && bytes <= size - spec.offset)
        spec.value.assign(memory + spec.offset, memory + spec.offset + bytes);
      specs.push_back(std::move(spec));
    }
  }
}

// The calls that set one thing each, all of which give a negative errno.
class Setter {
 public:
  Setter(const std::string& object, const std::string& name) : object_(object), name_(name) {}

  void operator()(const char* what, int result) {
    if (result >= 0)
      return;
    BpfFailure failure{.errno_value = -result,
                       .operation = std::string("set ") + what + " of",
                       .object = object_,
                       .name = name_,
                       .cause = cause_of(-result, false),
                       .messages = scope_.warnings()};
    if (failure.cause == BpfCause::denied)
      failure.hint = denied_hint(Right::bpf);
    throw BpfError(std::move(failure));
  }

 private:
  PrintScope scope_;
  const std::string& object_;
  const std::string& name_;
};

void apply_target(bpf_program* program, const ProgramSpec& spec, const ProgramSpec& before, Setter& set) {
  if (spec.attach_target == before.attach_target && !spec.attach_program)
    return;
  if (is_tracing_multi(spec.expected_attach_type))
    return;  // a pattern, which what attaches it reads
  switch (spec.type) {
    case BpfProgramType::tracing:
    case BpfProgramType::lsm:
    case BpfProgramType::ext:
      set("attach_target",
          bpf_program__set_attach_target(program, spec.attach_program ? spec.attach_program->native_handle() : 0,
                                         spec.attach_target.empty() ? nullptr : spec.attach_target.c_str()));
      break;
    default:
      break;  // of the others, what attaches them reads it
  }
}

void apply_program(bpf_program* program, const ProgramSpec& spec, const ProgramSpec& before,
                   const std::string& object_name) {
  Setter set(object_name, spec.name);
  if (spec.autoload != before.autoload)
    set("autoload", bpf_program__set_autoload(program, spec.autoload));
  if (!spec.autoload)
    return;
  if (spec.type != before.type)
    set("type", bpf_program__set_type(program, static_cast<bpf_prog_type>(spec.type)));
  if (spec.expected_attach_type != before.expected_attach_type)
    set("expected_attach_type",
        bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(spec.expected_attach_type)));
  if (spec.flags != before.flags)
    set("flags", bpf_program__set_flags(program, spec.flags));
  if (spec.log_level != before.log_level)
    set("log_level", bpf_program__set_log_level(program, spec.log_level));
  apply_target(program, spec, before, set);
}

void apply_map(bpf_map* map, const MapSpec& spec, const MapSpec& before, const std::string& object_name) {
  Setter set(object_name, spec.name);
  if (spec.type != before.type)
    set("type", bpf_map__set_type(map, static_cast<bpf_map_type>(spec.type)));
  if (spec.key_size != before.key_size)
    set("key_size", bpf_map__set_key_size(map, spec.key_size));
  if (spec.value_size != before.value_size)
    set("value_size", bpf_map__set_value_size(map, spec.value_size));
  if (spec.max_entries != before.max_entries)
    set("max_entries", bpf_map__set_max_entries(map, spec.max_entries));
  if (spec.flags != before.flags)
    set("flags", bpf_map__set_map_flags(map, spec.flags));
  if (spec.extra != before.extra)
    set("extra", bpf_map__set_map_extra(map, spec.extra));
  if (spec.numa_node != before.numa_node)
    set("numa_node", bpf_map__set_numa_node(map, spec.numa_node));
  if (spec.autocreate != before.autocreate)
    set("autocreate", bpf_map__set_autocreate(map, spec.autocreate));
  if (spec.pin_path != before.pin_path)
    set("pin_path", bpf_map__set_pin_path(map, spec.pin_path.empty() ? nullptr : spec.pin_path.c_str()));
  if (spec.inner_map)
    set("inner_map", bpf_map__set_inner_map_fd(map, spec.inner_map->native_handle()));
  if (spec.reuse)
    set("reuse", bpf_map__reuse_fd(map, spec.reuse->native_handle()));
}

// Maps of globals hold the variables' values; each is written whole.
void apply_variables(const bpf_object* object, const Specs& specs, const Specs& as_opened,
                     const std::string& object_name) {
  for (std::size_t i = 0; i < specs.variables.size(); ++i) {
    const VariableSpec& spec = specs.variables[i];
    if (spec.value == as_opened.variables[i].value || spec.section == ".kconfig")
      continue;
    Setter set(object_name, spec.name);
    bpf_map* const map = find_map(object, spec.section);
    std::size_t size = 0;
    const void* const memory = map == nullptr ? nullptr : bpf_map__initial_value(map, &size);
    if (memory == nullptr || spec.value.size() != as_opened.variables[i].value.size())
      set("the value", -EINVAL);
    std::vector<std::byte> section(static_cast<const std::byte*>(memory), static_cast<const std::byte*>(memory) + size);
    std::ranges::copy(spec.value, section.begin() + static_cast<std::ptrdiff_t>(spec.offset));
    set("the value", bpf_map__set_initial_value(map, section.data(), section.size()));
  }
}

}  // namespace

std::string map_name(const bpf_map* map) {
  const std::string_view name = bpf_map__name(map);
  if (!bpf_map__is_internal(map) || name.starts_with('.'))
    return std::string(name);
  const std::size_t dot = name.rfind('.');
  return std::string(dot == std::string_view::npos ? name : name.substr(dot));
}

Specs read_specs(bpf_object* object, const std::optional<Btf>& btf) {
  Specs specs;
  for (bpf_program* program = bpf_object__next_program(object, nullptr); program != nullptr;
       program = bpf_object__next_program(object, program))
    specs.programs.push_back(read_program(program));
  for (bpf_map* map = bpf_object__next_map(object, nullptr); map != nullptr; map = bpf_object__next_map(object, map))
    specs.maps.push_back(read_map(map));
  if (btf)
    read_variables(object, *btf, specs.variables);
  return specs;
}

void apply_specs(bpf_object* object, const Specs& specs, const Specs& as_opened, const std::string& object_name) {
  std::size_t index = 0;
  for (bpf_program* program = bpf_object__next_program(object, nullptr); program != nullptr;
       program = bpf_object__next_program(object, program), ++index)
    apply_program(program, specs.programs[index], as_opened.programs[index], object_name);
  index = 0;
  for (bpf_map* map = bpf_object__next_map(object, nullptr); map != nullptr;
       map = bpf_object__next_map(object, map), ++index)
    apply_map(map, specs.maps[index], as_opened.maps[index], object_name);
  apply_variables(object, specs, as_opened, object_name);
}

std::optional<RecordLayout> find_record(const std::optional<Btf>& btf, std::string_view name) {
  if (!btf)
    return std::nullopt;
  for (const BtfKind kind : {BtfKind::struct_, BtfKind::union_, BtfKind::typedef_}) {
    if (const auto type = btf->find(kind, name))
      return record_layout(*type);
  }
  return std::nullopt;
}

}  // namespace fathom::bpf
