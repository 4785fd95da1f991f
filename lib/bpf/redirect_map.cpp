#include <fathom/bpf/redirect_map.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

namespace fathom {

namespace {

// struct bpf_devmap_val and bpf_cpumap_val of include/uapi/linux/bpf.h, whose second half older programs leave out.
struct Value {
  std::uint32_t number;
  std::uint32_t program;  // to the kernel a descriptor, from it an id
};

detail::CppRecord value_record(const BpfMap& map) {
  const bool short_value = map.value_size() == sizeof(Value::number);
  return {"a target and its program", short_value ? sizeof(Value::number) : sizeof(Value), {}};
}

}  // namespace

RedirectMap::RedirectMap(const BpfMap& map, BpfMapType type)
    : TypedMap(map, type, detail::cpp_record<std::uint32_t>(), value_record(map)) {}

void RedirectMap::set(std::uint32_t key, std::uint32_t number, const std::optional<BpfProgram>& program) const {
  if (program && map().value_size() < sizeof(Value))
    fail("set an entry of", EINVAL, "its values have 4 bytes, so no room for a program");
  // To the kernel a descriptor of 0 is none (kernel/bpf/devmap.c, __dev_map_alloc_node).
  const Value value{number, program ? static_cast<std::uint32_t>(program->native_handle()) : 0};
  static_cast<void>(done("set an entry of", detail::map_update(fd(), &key, &value, detail::kAny), 0));
}

bool RedirectMap::erase(std::uint32_t key) const {
  return done("erase from", detail::map_erase(fd(), &key), ENOENT);
}

std::optional<RedirectMap::Target> RedirectMap::find(std::uint32_t key) const {
  Value value{};
  if (!done("look up an entry of", detail::map_lookup(fd(), &key, &value, 0), ENOENT))
    return std::nullopt;
  return Target{value.number, value.program};
}

}  // namespace fathom
