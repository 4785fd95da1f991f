#include "error_cause.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/loaded_things.hpp>

#include <bpf/bpf.h>

#include <array>
#include <cerrno>
#include <string>

namespace fathom::detail {

namespace {

using NextId = int (*)(__u32 start, __u32* next);

std::optional<std::uint32_t> next_id(NextId call, std::uint32_t id, const char* what) {
  __u32 next = 0;
  if (call(id, &next) == 0)
    return next;
  const int error = errno;
  if (error == ENOENT)
    return std::nullopt;
  throw bpf::failed(error, "go through", what, {}, bpf::Right::system_admin);
}

// What ended between being listed and being opened is not there.
template <class Thing>
std::optional<Thing> open_id(std::uint32_t id) {
  try {
    return Thing::from_id(id);
  } catch (const BpfError& e) {
    if (e.code() != std::errc::no_such_file_or_directory)
      throw;
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::uint32_t> LoadedThing<BpfProgram>::next(std::uint32_t id) {
  return next_id(::bpf_prog_get_next_id, id, "the programs of the kernel");
}
std::optional<BpfProgram> LoadedThing<BpfProgram>::open(std::uint32_t id) {
  return open_id<BpfProgram>(id);
}

std::optional<std::uint32_t> LoadedThing<BpfMap>::next(std::uint32_t id) {
  return next_id(::bpf_map_get_next_id, id, "the maps of the kernel");
}
std::optional<BpfMap> LoadedThing<BpfMap>::open(std::uint32_t id) {
  return open_id<BpfMap>(id);
}

std::optional<std::uint32_t> LoadedThing<BpfLink>::next(std::uint32_t id) {
  return next_id(::bpf_link_get_next_id, id, "the links of the kernel");
}
std::optional<BpfLink> LoadedThing<BpfLink>::open(std::uint32_t id) {
  return open_id<BpfLink>(id);
}

std::optional<std::uint32_t> LoadedThing<BpfBtfInfo>::next(std::uint32_t id) {
  return next_id(::bpf_btf_get_next_id, id, "the BTF of the kernel");
}
std::optional<BpfBtfInfo> LoadedThing<BpfBtfInfo>::open(std::uint32_t id) {
  const UniqueFd fd(::bpf_btf_get_fd_by_id(id));
  if (!fd) {
    const int error = errno;
    if (error == ENOENT)
      return std::nullopt;
    throw bpf::failed(error, "open the BTF of id", std::to_string(id), {}, bpf::Right::system_admin);
  }
  std::array<char, 64> name{};
  bpf_btf_info info{};
  info.name = reinterpret_cast<std::uintptr_t>(name.data());
  info.name_len = name.size();
  __u32 size = sizeof info;
  if (::bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) {
    const int error = errno;
    throw bpf::failed(error, "ask the kernel about the BTF of id", std::to_string(id));
  }
  return BpfBtfInfo{.id = info.id, .name = name.data(), .size = info.btf_size, .is_kernel = info.kernel_btf != 0};
}

}  // namespace fathom::detail
