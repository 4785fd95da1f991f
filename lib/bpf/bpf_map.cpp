#include "error_cause.hpp"
#include "handles.hpp"
#include "pins.hpp"
#include "spec_values.hpp"

#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/loaded_bpf.hpp>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

namespace fathom {

using detail::MapHandle;

namespace {

BpfMapInfo read_info(int fd, std::string_view object, std::string_view name) {
  bpf_map_info raw{};
  __u32 size = sizeof(raw);
  if (::bpf_obj_get_info_by_fd(fd, &raw, &size) != 0) {
    const int error = errno;
    throw bpf::failed(error, "ask the kernel about", object, name);
  }
  return {.id = raw.id,
          .type = static_cast<BpfMapType>(raw.type),
          .name = raw.name,
          .key_size = raw.key_size,
          .value_size = raw.value_size,
          .max_entries = raw.max_entries,
          .flags = raw.map_flags,
          .extra = raw.map_extra,
          .ifindex = raw.ifindex};
}

std::optional<RecordLayout> layout_of(const MapHandle& handle, std::uint32_t type_id) {
  if (type_id == 0 || !handle.object || !handle.object->btf)
    return std::nullopt;
  const auto type = handle.object->btf->type(type_id);
  return type ? record_layout(*type) : std::nullopt;
}

}  // namespace

BpfMap MapAccess::make(std::shared_ptr<const detail::LoadedObject> object, const bpf_map* map) {
  auto handle = std::make_shared<MapHandle>();
  handle->map = map;
  handle->name = bpf::map_name(map);
  handle->fd = bpf_map__fd(map);
  handle->info = read_info(handle->fd, object->name, handle->name);
  handle->object = std::move(object);
  return BpfMap(std::move(handle));
}

BpfMap MapAccess::adopt(UniqueFd fd) {
  auto handle = std::make_shared<MapHandle>();
  handle->fd = fd.get();
  handle->info = read_info(fd.get(), {}, {});
  handle->own_fd = std::move(fd);
  handle->name = handle->info.name;
  return BpfMap(std::move(handle));
}

LoadedBpf MapAccess::loaded(const BpfMap& map) {
  return LoadedBpf(object(map));
}

BpfMap BpfMap::open_pinned(const std::string& path) {
  return MapAccess::adopt(bpf::open_pinned(path, bpf::PinKind::map));
}

BpfMap BpfMap::from_id(std::uint32_t id) {
  UniqueFd fd(::bpf_map_get_fd_by_id(id));
  if (const int error = fd ? 0 : errno; error != 0)
    throw bpf::failed(error, "open the map of id", std::to_string(id), {}, bpf::Right::system_admin);
  return MapAccess::adopt(std::move(fd));
}

const std::string& BpfMap::name() const noexcept {
  return handle_->name;
}
const std::string& BpfMap::object_name() const noexcept {
  static const std::string none;
  return handle_->object ? handle_->object->name : none;
}
BpfMapType BpfMap::type() const noexcept {
  return handle_->info.type;
}
std::uint32_t BpfMap::key_size() const noexcept {
  return handle_->info.key_size;
}
std::uint32_t BpfMap::value_size() const noexcept {
  return handle_->info.value_size;
}
std::uint32_t BpfMap::max_entries() const noexcept {
  return handle_->info.max_entries;
}
std::uint32_t BpfMap::flags() const noexcept {
  return handle_->info.flags;
}
std::uint32_t BpfMap::id() const noexcept {
  return handle_->info.id;
}
BpfMapInfo BpfMap::info() const {
  return read_info(handle_->fd, object_name(), name());
}
int BpfMap::native_handle() const noexcept {
  return handle_->fd;
}

std::optional<RecordLayout> BpfMap::key_layout() const {
  return layout_of(*handle_, handle_->map == nullptr ? 0 : bpf_map__btf_key_type_id(handle_->map));
}

std::optional<RecordLayout> BpfMap::value_layout() const {
  return layout_of(*handle_, handle_->map == nullptr ? 0 : bpf_map__btf_value_type_id(handle_->map));
}

std::optional<RecordLayout> BpfMap::record(std::string_view type_name) const {
  return handle_->object ? bpf::find_record(handle_->object->btf, type_name) : std::nullopt;
}

std::optional<Btf> BpfMap::btf() const {
  return handle_->object ? handle_->object->btf : std::nullopt;
}

void BpfMap::freeze() const {
  if (::bpf_map_freeze(handle_->fd) != 0) {
    const int error = errno;
    throw bpf::failed(error, "freeze", object_name(), name());
  }
}

void BpfMap::pin(const std::string& path) const {
  bpf::pin(handle_->fd, path, object_name(), name());
}

void BpfMap::unpin(const std::string& path) const {
  bpf::unpin(path, object_name(), name());
}

}  // namespace fathom
