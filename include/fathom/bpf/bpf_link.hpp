#pragma once

#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fathom {

class StructOps;

namespace detail {
struct LinkState;
}  // namespace detail

/// What the kernel says about a link. What stands below `program_id` is there where the link's type has it and the
/// kernel tells it.
struct BpfLinkInfo {
  std::uint32_t id{};                          ///< the kernel's number for the link
  BpfLinkType type{};                          ///< what kind of link it is
  std::uint32_t program_id{};                  ///< of the attached program; 0 of a struct_ops link, which has none
  std::optional<BpfAttachType> attach_type{};  ///< tracing, tracing_multi, cgroup, netns, tcx, netkit, sockmap
  std::string target_name{};                   ///< raw_tracepoint: its name; iter: what it goes through
  std::optional<std::uint32_t>
      target_object_id{};  ///< tracing, tracing_multi: the program's id of ext, else that of the BTF object
  std::optional<std::uint32_t> target_btf_id{};    ///< tracing: the function's type in that
  std::optional<std::uint64_t> cgroup_id{};        ///< cgroup
  std::optional<std::uint32_t> netns_inode{};      ///< netns
  std::optional<std::uint32_t> ifindex{};          ///< xdp, tcx, netkit; 0 after the device went
  std::optional<std::uint32_t> map_id{};           ///< struct_ops, sockmap
  std::optional<std::uint32_t> target_count{};     ///< kprobe_multi, uprobe_multi, tracing_multi: how many functions
  std::optional<std::uint32_t> protocol_family{};  ///< netfilter
  std::optional<std::uint32_t> hook_number{};      ///< netfilter
  std::optional<std::int32_t> priority{};          ///< netfilter
};

/// A program that is attached, for as long as this lives.
///
///     fathom::BpfLink link = bpf.program<fathom::Tracepoint>("on_open").attach();
///     link.info().id;
///     link.pin("/sys/fs/bpf/on_open_link");          // stays attached when this and the process are gone
///     link.detach();                                 // now, with an error if it fails; the destructor tells nobody
///
/// Move-only. Keeps the program and its object alive. Where the kernel or the kind of program has no links (say tc's
/// clsact), this takes the attachment away all the same, and pin(), update() and info() throw BpfError (unsupported).
/// A forked child that destroys its copy detaches nothing: while it has one a link stays, and an attachment without a
/// link goes with the process that made it. One that was moved from is no link. For one thread at a time.
class BpfLink {
 public:
  /// No link: pin(), update() and info() throw BpfError (EBADF), detach() does nothing.
  BpfLink() noexcept;
  BpfLink(BpfLink&& other) noexcept;
  BpfLink& operator=(BpfLink&& other) noexcept;
  BpfLink(const BpfLink&) = delete;
  BpfLink& operator=(const BpfLink&) = delete;
  /// Gives the link up: the program is detached unless a pin or another descriptor holds the link.
  ~BpfLink();

  /// The link that is pinned there; BpfError (bad_object) if a program or a map is. Destroying it leaves the pin and so
  /// the attachment: unpin() first.
  [[nodiscard]] static BpfLink open_pinned(const std::string& path);
  /// The link of this id. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static BpfLink from_id(std::uint32_t id);

  /// Whether there is a link.
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }
  /// The kernel's link as a file descriptor, which stays this one's; -1 for an attachment without a link.
  [[nodiscard]] int native_handle() const noexcept;
  /// What the kernel says about it now.
  [[nodiscard]] BpfLinkInfo info() const;

  /// Makes the file `path` in a bpf file system hold the link. Several files may.
  void pin(const std::string& path);
  /// Removes the file of the last pin(), or else of open_pinned().
  void unpin();
  /// The file that unpin() removes; empty for none.
  [[nodiscard]] const std::string& pin_path() const noexcept;
  /// Puts another program, of the same type, in the place of the attached one, with no gap. Since Linux 5.7, for the
  /// kinds of link that can: cgroup, netns, xdp, tcx, netkit, sockmap, iter; for others throws BpfError (unsupported).
  /// bad_attach_target for a program of another type (EINVAL), and where what the link was attached to is gone
  /// (ENOLINK).
  void update(const BpfProgram& program);
  /// The same only if `expected` is what is attached now: else throws BpfError (bad_attach_target, EPERM), and nothing
  /// has changed.
  void update(const BpfProgram& program, const BpfProgram& expected);
  /// Puts another table, of the same type, in the place of the attached one: of a link to a struct_ops table, since
  /// Linux 6.4. What the kernel asks of the two is the type's to say: congestion controls must have the same name.
  void update(const StructOps& table);
  /// Takes the attachment away now and gives the link up. Links of cgroups, devices and network namespaces end for all
  /// who hold them; those of the tracing kinds cannot be told to, and another descriptor, or a pin that this does not
  /// know of, keeps them. The files of pin() and open_pinned() are removed. Throws BpfError if the kernel refuses, and
  /// nothing has changed then, or if such a file cannot be removed, and then the link is not given up.
  void detach();

 private:
  friend struct LinkAccess;
  explicit BpfLink(std::unique_ptr<detail::LinkState> state) noexcept;

  std::unique_ptr<detail::LinkState> state_;
};

}  // namespace fathom
