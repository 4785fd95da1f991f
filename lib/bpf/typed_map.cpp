#include "object_file.hpp"

#include <fathom/bpf/detail/typed_map.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fathom::detail {

namespace {

std::string type_name(BpfMapType type) {
  const std::string_view name = to_string(type);
  return name.empty() ? "type " + std::to_string(static_cast<std::uint32_t>(type)) : std::string(name);
}

RecordCheck check(const BpfMap& map, const char* operation, std::uint32_t size,
                  const std::optional<RecordLayout>& layout, const CppRecord& record) {
  check_record(layout, record, operation, map.object_name(), map.name());
  if (size != record.size)
    throw bpf::bad_object(EINVAL, operation, map.object_name(), map.name(),
                          "it has " + std::to_string(size) + " bytes there, and " + std::string(record.name) + " has " +
                              std::to_string(record.size));
  return depth_of_check(layout && !layout->members.empty(), !record.fields.empty());
}

}  // namespace

TypedMap::TypedMap(BpfMap map, BpfMapType type, const CppRecord& key, const CppRecord& value)
    : map_(std::move(map)), fd_(map_.native_handle()) {
  if (map_.type() != type)
    throw bpf::bad_object(EINVAL, "use the map", map_.object_name(), map_.name(),
                          "it is of type " + type_name(map_.type()) + ", not " + type_name(type));
  key_check_ = check(map_, "use the key of", map_.key_size(), map_.key_layout(), key);
  value_check_ = check(map_, "use the value of", map_.value_size(), map_.value_layout(), value);
}

}  // namespace fathom::detail
