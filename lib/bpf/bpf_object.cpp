#include "error_cause.hpp"
#include "handles.hpp"
#include "kernel_constants.hpp"
#include "libbpf_print.hpp"
#include "load_error.hpp"
#include "log_buffers.hpp"
#include "object_file.hpp"
#include "object_sections.hpp"
#include "section_handlers.hpp"
#include "spec_values.hpp"
#include "struct_ops_section.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_object.hpp>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

namespace detail {

void CloseObject::operator()(bpf_object* object) const noexcept {
  const bpf::PrintScope quiet;
  bpf_object__close(object);
}

}  // namespace detail

using detail::ObjectPointer;

struct BpfObject::State {
  std::string name;
  std::string origin;  // what errors of opening are about: the path, or the name of what is in memory
  BpfOpenOptions options;
  std::vector<std::byte> owned;  // what `bytes` refers to, unless it is a part of the program
  std::span<const std::byte> bytes;
  ObjectPointer opened;  // not there once it was loaded
  std::optional<Btf> btf;
  bpf::Specs specs;
  bpf::Specs as_opened;

  void open();
  [[nodiscard]] ObjectPointer take_opened();
  [[nodiscard]] ObjectPointer open_again() const;
  [[nodiscard]] LoadedBpf loaded(ObjectPointer object, const bpf::LogBuffers& logs) const;
};

namespace {

std::string object_name_of(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  return name.substr(0, name.find('.'));
}

const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

std::string why_not_opened(int errno_value, std::string_view messages) {
  if (messages.find("BTF is required") != std::string_view::npos || errno_value == ENOENT)
    return "it has no BTF, which its maps need: compile it with -g";
  return messages.empty() ? std::string() : std::string(messages.substr(0, messages.find('\n')));
}

template <class Spec>
Spec& find_spec(std::vector<Spec>& specs, std::string_view name, const char* what, const std::string& object,
                std::string_view none_hint) {
  const auto found = std::ranges::find(specs, name, &Spec::name);
  if (found != specs.end())
    return *found;
  std::vector<std::string> names;
  names.reserve(specs.size());
  for (const Spec& spec : specs)
    names.push_back(spec.name);
  std::string hint = specs.empty() ? std::string(none_hint) : bpf::nearest_hint(name, names);
  throw bpf::bad_object(ENOENT, std::string("find the ") + what, object, name, std::move(hint));
}

}  // namespace

ObjectPointer BpfObject::State::open_again() const {
  const bpf::PrintScope scope;
  bpf_object_open_opts open_options{};
  open_options.sz = sizeof(open_options);
  open_options.object_name = name.c_str();
  open_options.kconfig = or_null(options.kconfig);
  open_options.btf_custom_path = or_null(options.btf_path);
  open_options.pin_root_path = or_null(options.pin_root);
  ObjectPointer object(bpf_object__open_mem(bytes.data(), bytes.size(), &open_options));
  const int error = object ? 0 : errno;
  if (!object)
    throw bpf::bad_object(error, "open", origin, {}, why_not_opened(error, scope.warnings()), scope.warnings());
  return object;
}

void BpfObject::State::open() {
  bpf::check_object_file(bytes, origin);
  bpf::register_section_handlers();
  bool makes_links = false;
  if (bpf::lacks_struct_ops_links()) {
    if (std::vector<std::byte> renamed = bpf::without_struct_ops_links(bytes, origin); !renamed.empty()) {
      owned = std::move(renamed);
      bytes = owned;
      makes_links = true;
    }
  }
  bpf::check_object_btf(bytes, origin);
  opened = open_again();
  if (const struct btf* types = bpf_object__btf(opened.get())) {
    __u32 size = 0;
    const void* raw = btf__raw_data(types, &size);
    if (raw == nullptr)
      throw bpf::bad_object(ENOMEM, "open", origin, {}, {});
    try {
      btf = Btf::parse({static_cast<const std::byte*>(raw), size});
    } catch (const Error& error) {
      throw bpf::bad_object(EINVAL, "open", origin, {}, error.what());
    }
  }
  specs = bpf::read_specs(opened.get(), btf);
  if (specs.programs.empty() && specs.maps.empty())
    throw bpf::bad_object(ENOEXEC, "open", origin, {}, "it has neither programs nor maps");
  as_opened = specs;
  // After that: what differs from what was opened is told libbpf.
  for (MapSpec& map : specs.maps) {
    if (makes_links && map.type == BpfMapType::struct_ops)
      map.flags |= bpf::kMapMakesLinks;
  }
}

ObjectPointer BpfObject::State::take_opened() {
  return opened ? std::move(opened) : open_again();
}

LoadedBpf BpfObject::State::loaded(ObjectPointer object, const bpf::LogBuffers& logs) const {
  auto result = std::make_shared<detail::LoadedObject>();
  result->name = name;
  result->btf = btf;
  std::size_t index = 0;
  for (const bpf_program* program = bpf_object__next_program(object.get(), nullptr); program != nullptr;
       program = bpf_object__next_program(object.get(), const_cast<bpf_program*>(program)), ++index) {  // NOLINT
    const ProgramSpec& spec = specs.programs[index];
    result->notes[program] = {spec.attach_target, spec.log_level != 0 ? std::string(logs.log(index)) : std::string()};
  }
  for (const VariableSpec& variable : specs.variables)
    result->variables.push_back(
        {variable.name, variable.section, variable.type, variable.offset, variable.value.size()});
  result->object = std::move(object);
  return LoadedBpf(std::move(result));
}

BpfObject::BpfObject(std::unique_ptr<State> state) : state_(std::move(state)) {}
BpfObject::BpfObject(BpfObject&& other) noexcept = default;
BpfObject& BpfObject::operator=(BpfObject&& other) noexcept = default;
BpfObject::~BpfObject() = default;

BpfObject BpfObject::open(const std::string& path, BpfOpenOptions options) {
  auto state = std::make_unique<State>();
  state->owned = bpf::read_object_file(path);
  state->bytes = state->owned;
  state->name = options.name.empty() ? object_name_of(path) : options.name;
  state->origin = path;
  state->options = std::move(options);
  state->open();
  return BpfObject(std::move(state));
}

BpfObject BpfObject::open(std::span<const std::byte> bytes, BpfOpenOptions options) {
  auto state = std::make_unique<State>();
  state->owned.assign(bytes.begin(), bytes.end());
  state->bytes = state->owned;
  state->name = options.name.empty() ? "bpf" : options.name;
  state->origin = state->name;
  state->options = std::move(options);
  state->open();
  return BpfObject(std::move(state));
}

BpfObject BpfObject::open(const EmbeddedBpf& embedded, BpfOpenOptions options) {
  auto state = std::make_unique<State>();
  state->bytes = embedded.bytes;
  state->name = options.name.empty() ? std::string(embedded.name) : options.name;
  state->origin = state->name;
  state->options = std::move(options);
  state->open();
  return BpfObject(std::move(state));
}

const std::string& BpfObject::name() const noexcept {
  static const std::string none;
  return state_ ? state_->name : none;
}
BpfObject::State& BpfObject::state() const {
  if (!state_)
    throw bpf::failed(EBADF, "use", {}, "an object that was moved from");
  return *state_;
}
std::span<ProgramSpec> BpfObject::programs() {
  return state().specs.programs;
}
std::span<MapSpec> BpfObject::maps() {
  return state().specs.maps;
}
std::span<VariableSpec> BpfObject::variables() {
  return state().specs.variables;
}
std::optional<Btf> BpfObject::btf() const {
  return state().btf;
}

ProgramSpec& BpfObject::program(std::string_view name) {
  return find_spec(state().specs.programs, name, "program", state().name, "it has no programs");
}
MapSpec& BpfObject::map(std::string_view name) {
  return find_spec(state().specs.maps, name, "map", state().name, "it has no maps");
}
VariableSpec& BpfObject::variable(std::string_view name) {
  return find_spec(state().specs.variables, name, "variable", state().name,
                   state().btf ? "it has no global variables" : "it has no BTF: compile it with -g");
}
std::optional<RecordLayout> BpfObject::record(std::string_view type_name) const {
  return bpf::find_record(state().btf, type_name);
}

LoadedBpf BpfObject::load() {
  State& opened = state();
  bpf::LogBuffers logs;
  for (;;) {
    ObjectPointer object = opened.take_opened();
    bpf::apply_specs(object.get(), opened.specs, opened.as_opened, opened.name);
    logs.give_to(object.get());
    const bpf::PrintScope scope;
    const int result = bpf_object__load(object.get());
    if (result == 0)
      return opened.loaded(std::move(object), logs);
    auto program = bpf::failed_program(scope.warnings(), opened.specs.programs);
    // Where the warnings went to a callback that the program has set since: loading ends at the program that fails.
    if (!program)
      program = logs.last_written();
    // The log was cut: again, with more room for it. An object that failed can't be loaded again.
    if (result == -ENOSPC && program && logs.grow(*program))
      continue;
    throw bpf::load_error({.errno_value = -result,
                           .object = opened.name,
                           .messages = scope.warnings(),
                           .programs = opened.specs.programs,
                           .maps = opened.specs.maps,
                           .program = program,
                           .log = program ? logs.log(*program) : std::string_view()});
  }
}

}  // namespace fathom
