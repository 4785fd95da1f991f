#include "error_cause.hpp"
#include "handles.hpp"
#include "object_file.hpp"
#include "spec_values.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/loaded_bpf.hpp>

#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

using detail::LoadedObject;
using detail::Mapping;
using detail::VariablePlace;

namespace detail {

Mapping::Mapping(const bpf_map* map, const std::string& object_name, bool write) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  size_ = (bpf_map__value_size(map) + page - 1) / page * page;
  void* const address =
      ::mmap(nullptr, size_, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    throw bpf::failed(error, "map the memory of", object_name, bpf::map_name(map));
  }
  address_ = static_cast<std::byte*>(address);
}

Mapping::~Mapping() {
  ::munmap(address_, size_);
}

}  // namespace detail

namespace {

const bpf_map* find_map(const LoadedObject& object, std::string_view name) {
  for (const bpf_map* map = bpf_object__next_map(object.object.get(), nullptr); map != nullptr;
       map = bpf_object__next_map(object.object.get(), map)) {
    if (bpf::map_name(map) == name)
      return map;
  }
  return nullptr;
}

const bpf_program* next_program(const LoadedObject& object, const bpf_program* program) {
  // libbpf's iteration is not const, and changes nothing.
  return bpf_object__next_program(object.object.get(), const_cast<bpf_program*>(program));  // NOLINT(*-const-cast)
}

BpfError not_there(const LoadedObject& object, const char* what, std::string_view name,
                   const std::vector<std::string>& names) {
  return bpf::bad_object(ENOENT, std::string("find the ") + what, object.name, name, bpf::nearest_hint(name, names));
}

BpfError unfit(const LoadedObject& object, std::string_view name, std::string why) {
  return bpf::bad_object(EINVAL, "use the variable", object.name, name, std::move(why));
}

void check_place(const LoadedObject& object, const VariablePlace& place, std::size_t size, std::size_t alignment,
                 bool write) {
  if (place.size != size)
    throw unfit(object, place.name,
                "it is " + place.type + " of " + std::to_string(place.size) + " bytes, the C++ type has " +
                    std::to_string(size));
  if (place.offset % alignment != 0)
    throw unfit(object, place.name,
                "it is at " + std::to_string(place.offset) + " in " + place.section + ", the C++ type needs " +
                    std::to_string(alignment) + " bytes of alignment");
  if (write && (place.section.starts_with(".rodata") || place.section == ".kconfig"))
    throw unfit(object, place.name, "it is in " + place.section + ", which cannot be written: variable<const T>");
}

}  // namespace

const std::string& LoadedBpf::name() const noexcept {
  static const std::string none;
  return object_ ? object_->name : none;
}

const LoadedObject& LoadedBpf::object() const {
  if (!object_)
    throw bpf::failed(EBADF, "use", {}, "an object that was moved from");
  return *object_;
}

std::vector<BpfProgram> LoadedBpf::programs() const {
  std::vector<BpfProgram> programs;
  for (const bpf_program* program = next_program(object(), nullptr); program != nullptr;
       program = next_program(object(), program)) {
    if (bpf_program__fd(program) >= 0)
      programs.push_back(ProgramAccess::make(object_, program));
  }
  return programs;
}

BpfProgram LoadedBpf::program(std::string_view name) const {
  std::vector<std::string> names;
  for (const bpf_program* program = next_program(object(), nullptr); program != nullptr;
       program = next_program(object(), program)) {
    if (name != bpf_program__name(program)) {
      names.emplace_back(bpf_program__name(program));
      continue;
    }
    if (bpf_program__fd(program) < 0)
      throw bpf::bad_object(ENOENT, "use the program", object().name, name,
                            "it was not loaded, since ProgramSpec::autoload was off");
    return ProgramAccess::make(object_, program);
  }
  throw not_there(object(), "program", name, names);
}

std::vector<BpfMap> LoadedBpf::maps() const {
  std::vector<BpfMap> maps;
  for (const bpf_map* map = bpf_object__next_map(object().object.get(), nullptr); map != nullptr;
       map = bpf_object__next_map(object().object.get(), map)) {
    if (bpf_map__fd(map) >= 0)
      maps.push_back(MapAccess::make(object_, map));
  }
  return maps;
}

BpfMap LoadedBpf::map(std::string_view name) const {
  const bpf_map* const map = find_map(object(), name);
  if (map == nullptr) {
    std::vector<std::string> names;
    for (const BpfMap& there : maps())
      names.push_back(there.name());
    throw not_there(object(), "map", name, names);
  }
  if (bpf_map__fd(map) < 0)
    throw bpf::bad_object(ENOENT, "use the map", object().name, name,
                          "it was not made, since MapSpec::autocreate was off");
  return MapAccess::make(object_, map);
}

std::optional<RecordLayout> LoadedBpf::record(std::string_view type_name) const {
  return bpf::find_record(object().btf, type_name);
}

std::optional<Btf> LoadedBpf::btf() const {
  return object().btf;
}

LoadedBpf::VariableMemory LoadedBpf::variable_memory(std::string_view name, std::size_t size, std::size_t alignment,
                                                     bool write) const {
  const auto place = std::ranges::find(object().variables, name, &VariablePlace::name);
  if (place == object().variables.end()) {
    if (!object().btf)
      throw bpf::bad_object(ENOENT, "find the variable", object().name, name, "it has no BTF: compile it with -g");
    std::vector<std::string> names;
    for (const VariablePlace& there : object().variables)
      names.push_back(there.name);
    throw not_there(object(), "variable", name, names);
  }
  check_place(object(), *place, size, alignment, write);
  const bpf_map* const map = find_map(object(), place->section);
  if (map == nullptr || bpf_map__fd(map) < 0 || place->offset + place->size > bpf_map__value_size(map))
    throw unfit(object(), name, "its section " + place->section + " is in no map");

  const std::lock_guard lock(object().mutex);
  std::shared_ptr<const Mapping>& mapping = object().mappings[place->section];
  if (!mapping) {
    // A frozen map can't be mapped for writing, and libbpf freezes these two.
    const bool writable = !place->section.starts_with(".rodata") && place->section != ".kconfig";
    mapping = std::make_shared<const Mapping>(map, object().name, writable);
  }
  return {mapping, mapping->address() + place->offset};
}

}  // namespace fathom
