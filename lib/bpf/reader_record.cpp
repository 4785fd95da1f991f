#include "handles.hpp"
#include "object_file.hpp"

#include <fathom/bpf/detail/reader_record.hpp>
#include <fathom/bpf/loaded_bpf.hpp>

#include <algorithm>
#include <cerrno>
#include <string>

namespace fathom::detail {

namespace {

// "opensnoop::open" out of "struct opensnoop::open" is "open".
std::string_view own_name(std::string_view cpp_name) {
  const std::size_t end = cpp_name.find_last_of(": ");
  return end == std::string_view::npos ? cpp_name : cpp_name.substr(end + 1);
}

}  // namespace

RecordCheck check_reader_record(const BpfMap& map, std::string_view record, const CppRecord& cpp_side) {
  const bool asked = !record.empty() || !cpp_side.fields.empty();
  const std::string_view name = record.empty() ? own_name(cpp_side.name) : record;
  const auto layout = map.record(name);
  const std::string operation = "read " + std::string(name) + " from";
  // A map that was pinned or found by id has no object to ask.
  if (!layout && asked && !map.object_name().empty())
    throw bpf::bad_object(ENOENT, operation, map.object_name(), map.name(),
                          !map.btf() ? std::string("the object has no BTF: compile it with -g")
                                     : "its BTF has no type " + std::string(name) +
                                           ": FATHOM_EXPORT_TYPE(struct ...) in the program puts it there, and "
                                           "ring_buffer<T>(map, name) says what the program calls it");
  check_record(layout, cpp_side, operation, map.object_name(), map.name());
  return depth_of_check(layout && !layout->members.empty(), !cpp_side.fields.empty());
}

std::optional<BpfVariable<const std::uint64_t>> find_lost_counter(const BpfMap& map) {
  const auto object = MapAccess::object(map);
  if (!object)
    return std::nullopt;
  const std::string name = map.name() + "_lost";
  const auto place = std::ranges::find(object->variables, name, &VariablePlace::name);
  if (place == object->variables.end() || place->size != sizeof(std::uint64_t))
    return std::nullopt;
  return MapAccess::loaded(map).variable<const std::uint64_t>(name);
}

}  // namespace fathom::detail
