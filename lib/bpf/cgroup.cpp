#include "cgroup_query.hpp"
#include "error_cause.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/cgroup.hpp>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fathom {

namespace {

BpfError no_cgroup(int error, const std::string& path, const std::string& mounts, const std::string& why) {
  const auto mount = Cgroup::mount_point(mounts);
  return BpfError({.errno_value = error,
                   .operation = "open the cgroup",
                   .object = path,
                   .cause = error == EACCES ? BpfCause::denied : BpfCause::bad_attach_target,
                   .hint = why + (why.empty() ? "" : "; ") +
                           (mount ? "cgroups of version 2 are mounted at " + *mount
                                  : "no cgroups of version 2 are mounted: mount -t cgroup2 none DIRECTORY")});
}

// Space, tab, newline and backslash in /proc/self/mounts: "\040".
std::string without_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7' ? text[at] - '0' : -1;
    };
    if (text[i] == '\\' && digit(i + 1) >= 0 && digit(i + 2) >= 0 && digit(i + 3) >= 0) {
      plain += static_cast<char>(digit(i + 1) * 64 + digit(i + 2) * 8 + digit(i + 3));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// The kernel's own number, which the inode's number is on 64-bit machines only.
std::uint64_t id_of(int folder) {
  std::uint64_t id = 0;
  alignas(file_handle) std::array<unsigned char, sizeof(file_handle) + sizeof(id)> memory{};
  constexpr unsigned kBytes = sizeof(id);
  std::memcpy(memory.data(), &kBytes, sizeof(kBytes));  // file_handle::handle_bytes
  int mount = 0;
  if (::name_to_handle_at(folder, "", reinterpret_cast<file_handle*>(memory.data()), &mount, AT_EMPTY_PATH) == 0)
    std::memcpy(&id, memory.data() + sizeof(file_handle), sizeof(id));
  return id;
}

bpf::CgroupQuery query(const Cgroup& cgroup, BpfAttachType type, bool effective) {
  bpf::CgroupQuery result = bpf::query_cgroup(cgroup.native_handle(), type, effective);
  const int error = result.errno_value;
  if (error == 0)
    return result;
  BpfFailure failure{.errno_value = error,
                     .operation = "ask what is attached to the cgroup",
                     .object = cgroup.path(),
                     .cause = bpf::cause_of(error, false)};
  if (bpf::is_gone(error)) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "the cgroup has been removed";
  } else if (error == EINVAL) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "this kernel attaches nothing to cgroups by the type " + std::string(to_string(type));
  } else if (failure.cause == BpfCause::denied) {
    failure.hint = bpf::denied_hint(bpf::Right::network_query);
  }
  throw BpfError(std::move(failure));
}

}  // namespace

std::string_view to_string(CgroupSharing sharing) noexcept {
  switch (sharing) {
    case CgroupSharing::exclusive:
      return "exclusive";
    case CgroupSharing::allow_override:
      return "allow_override";
    case CgroupSharing::allow_multi:
      return "allow_multi";
  }
  return {};
}

Cgroup::Cgroup(const std::string& path, const std::string& mounts)
    : Cgroup(UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), path, mounts) {}

Cgroup::Cgroup(UniqueFd folder, std::string path, const std::string& mounts)
    : folder_(std::move(folder)), path_(std::move(path)) {
  if (!folder_)
    throw no_cgroup(errno, path_, mounts, "");
  if (!bpf::is_cgroup(folder_.get())) {
    struct statfs system{};
    const bool first = ::fstatfs(folder_.get(), &system) == 0 && system.f_type == CGROUP_SUPER_MAGIC;
    throw no_cgroup(EINVAL, path_, mounts,
                    first ? "this one is of version 1, which programs cannot be attached to" : "this folder is none");
  }
  id_ = id_of(folder_.get());
}

Cgroup Cgroup::from_descriptor(int descriptor) {
  UniqueFd own(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  const int error = errno;
  std::error_code none;
  const std::string path =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(own ? own.get() : descriptor), none).string();
  errno = error;
  return {std::move(own), path.empty() ? "of descriptor " + std::to_string(descriptor) : path, "/proc/self/mounts"};
}

std::optional<std::string> Cgroup::mount_point(const std::string& mounts) {
  // cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0
  std::ifstream file(mounts);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string device;
    std::string place;
    std::string type;
    if (fields >> device >> place >> type && type == "cgroup2")
      return without_escapes(place);
  }
  return std::nullopt;
}

std::vector<CgroupAttachment> Cgroup::attached(BpfAttachType type) const {
  return query(*this, type, false).programs;
}

std::vector<std::uint32_t> Cgroup::effective(BpfAttachType type) const {
  std::vector<std::uint32_t> ids;
  for (const CgroupAttachment& program : query(*this, type, true).programs)
    ids.push_back(program.program_id);
  return ids;
}

std::optional<std::uint64_t> Cgroup::revision(BpfAttachType type) const {
  return query(*this, type, false).revision;
}

}  // namespace fathom
