#pragma once

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// How a program that is attached without a link shares its place with others: `BPF_F_ALLOW_OVERRIDE` and
/// `BPF_F_ALLOW_MULTI`, in the kernel's numbers. What is attached by a link is always allow_multi.
enum class CgroupSharing : std::uint32_t {
  exclusive = 0,       ///< the only one; nothing of its attach type may be attached to cgroups below
  allow_override = 1,  ///< the only one here; a cgroup below may have another, which runs in its place
  allow_multi = 2      ///< one of several, here and below, which all run; since Linux 4.15
};

/// The enumerator's own name: "allow_multi".
[[nodiscard]] std::string_view to_string(CgroupSharing sharing) noexcept;

/// A program that is attached to a cgroup.
struct CgroupAttachment {
  std::uint32_t program_id{};  ///< the kernel's number for it: BpfProgram::from_id()
  CgroupSharing sharing{};     ///< how it shares this place
};

/// A cgroup of version 2, that programs are attached to: its folder, kept open.
///
///     const fathom::Cgroup cgroup("/sys/fs/cgroup/app.slice");
///     fathom::BpfLink link = bpf.program<fathom::CgroupProgram>("guard").attach(cgroup);
///     for (const auto& [program_id, sharing] : cgroup.attached(fathom::BpfAttachType::cgroup_inet4_connect)) ...
///     if (link.info().cgroup_id == cgroup.id()) ...
///
/// Where cgroups of version 1 are in use too, those of version 2 are often in /sys/fs/cgroup/unified: mount_point()
/// tells. Makes and removes no cgroup. A cgroup that is removed while this is open stays open and is of no use: what
/// was attached to it is detached by the kernel. Move-only. Const members are safe from several threads. To open one
/// takes no rights; attached() and effective() need CAP_NET_ADMIN or CAP_SYS_ADMIN. Throws BpfError
/// (bad_attach_target) for what is no cgroup, or is one of version 1.
class Cgroup {
 public:
  /// Opens the folder. `mounts` is where the hint of an error takes the mount point from.
  explicit Cgroup(const std::string& path, const std::string& mounts = "/proc/self/mounts");
  /// The cgroup whose folder is open there. The descriptor is duplicated and stays the caller's.
  [[nodiscard]] static Cgroup from_descriptor(int descriptor);
  /// Where cgroups of version 2 are mounted for this process: the first line of that type in `mounts`; empty if
  /// nowhere.
  [[nodiscard]] static std::optional<std::string> mount_point(const std::string& mounts = "/proc/self/mounts");

  /// The path that it was opened by; of one from a descriptor, the path that the kernel tells in /proc.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The open folder, which stays this one's: for CgroupArray, CgroupStorage and fd-based calls.
  [[nodiscard]] int native_handle() const noexcept { return folder_.get(); }
  /// The kernel's number for it: BpfLinkInfo::cgroup_id, and what bpf_get_current_cgroup_id() gives in a program.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

  /// The programs of this type that are attached to this very cgroup, in their order. Of lsm_cgroup: those of all
  /// hooks. Since Linux 4.15. Throws BpfError: unsupported for a type that the kernel does not know,
  /// bad_attach_target if the cgroup is gone.
  [[nodiscard]] std::vector<CgroupAttachment> attached(BpfAttachType type) const;
  /// The ids of the programs of this type that run for processes of this cgroup, those that are attached further up
  /// included, in the order in which they run: from here to the root, unless preorder was asked. Throws as attached().
  [[nodiscard]] std::vector<std::uint32_t> effective(BpfAttachType type) const;
  /// How often the programs of this type have changed in this cgroup, from 1: what CgroupLinkOptions::expected_revision
  /// is compared with. Since Linux 6.17; empty before. Throws as attached().
  [[nodiscard]] std::optional<std::uint64_t> revision(BpfAttachType type) const;

 private:
  Cgroup(UniqueFd folder, std::string path, const std::string& mounts);

  UniqueFd folder_;
  std::string path_;
  std::uint64_t id_ = 0;
};

}  // namespace fathom
