#include "error_cause.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/detail/map_calls.hpp>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace fathom::detail {

namespace {

std::uint64_t address(const void* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

// bpf(2) itself, not libbpf's wrapper: that clears and copies more of the structure than a call needs.
int call(bpf_cmd command, bpf_attr& attr, std::size_t size) noexcept {
  return ::syscall(__NR_bpf, command, &attr, size) == 0 ? 0 : errno;
}

int element(bpf_cmd command, int fd, const void* key, const void* value, std::uint64_t flags) noexcept {
  constexpr std::size_t kSize = offsetof(bpf_attr, flags) + sizeof(bpf_attr::flags);
  bpf_attr attr;
  std::memset(&attr, 0, kSize);
  attr.map_fd = static_cast<std::uint32_t>(fd);
  attr.key = address(key);
  attr.value = address(value);  // a union with next_key
  attr.flags = flags;
  return call(command, attr, kSize);
}

int batch(bpf_cmd command, int fd, MapBatch& batch) noexcept {
  constexpr std::size_t kSize = offsetof(bpf_attr, batch) + sizeof(bpf_attr::batch);
  bpf_attr attr;
  std::memset(&attr, 0, kSize);
  attr.batch.in_batch = address(batch.from);
  attr.batch.out_batch = address(batch.to);
  attr.batch.keys = address(batch.keys);
  attr.batch.values = address(batch.values);
  attr.batch.count = batch.count;
  attr.batch.map_fd = static_cast<std::uint32_t>(fd);
  attr.batch.elem_flags = batch.flags;
  const int error = call(command, attr, kSize);
  // EFAULT comes before the count is written back.
  batch.count = error == EFAULT ? 0 : attr.batch.count;
  return error;
}

std::string hint_of(const BpfMap& map, int errno_value) {
  switch (errno_value) {
    case E2BIG:
      return "it has room for " + std::to_string(map.max_entries()) + " entries (max_entries)";
    case EPERM:
      return "it is frozen, or this descriptor or a flag of the map does not let user space do it, or it takes rights";
    default:
      return {};
  }
}

}  // namespace

int map_lookup(int fd, const void* key, void* value, std::uint64_t flags) noexcept {
  return element(BPF_MAP_LOOKUP_ELEM, fd, key, value, flags);
}
int map_update(int fd, const void* key, const void* value, std::uint64_t flags) noexcept {
  return element(BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
}
int map_erase(int fd, const void* key) noexcept {
  return element(BPF_MAP_DELETE_ELEM, fd, key, nullptr, 0);
}
int map_take(int fd, const void* key, void* value, std::uint64_t flags) noexcept {
  return element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value, flags);
}
int map_next_key(int fd, const void* key, void* next) noexcept {
  return element(BPF_MAP_GET_NEXT_KEY, fd, key, next, 0);
}

int map_lookup_batch(int fd, MapBatch& what) noexcept {
  return batch(BPF_MAP_LOOKUP_BATCH, fd, what);
}
int map_take_batch(int fd, MapBatch& what) noexcept {
  return batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, fd, what);
}
int map_update_batch(int fd, MapBatch& what) noexcept {
  return batch(BPF_MAP_UPDATE_BATCH, fd, what);
}
int map_erase_batch(int fd, MapBatch& what) noexcept {
  return batch(BPF_MAP_DELETE_BATCH, fd, what);
}

void map_failed(const BpfMap& map, std::string_view operation, int errno_value, std::string done) {
  const std::string hint = hint_of(map, errno_value);
  if (!done.empty() && !hint.empty())
    done += "; ";
  throw BpfError({.errno_value = errno_value,
                  .operation = std::string(operation),
                  .object = map.object_name(),
                  .name = map.name().empty() ? "the map of id " + std::to_string(map.id()) : map.name(),
                  .cause = bpf::cause_of(errno_value, false),
                  .hint = std::move(done) + hint});
}

std::uint32_t possible_cpus() {
  return static_cast<std::uint32_t>(CpuSet::possible().size());
}

}  // namespace fathom::detail
