#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <cstdint>

namespace fathom {

/// Where among the programs that are attached to the same place a new one runs: last, unless something else is asked.
///
///     auto first = guard.attach(cgroup, {.order = fathom::BpfAttachOrder::first()});
///     auto link = count.attach(cgroup, {.order = fathom::BpfAttachOrder::before(first)});
///
/// A link is placed beside a link, an attachment without a link beside a program that has none either. The link or
/// program that is named must be there until the attach call returns. Linux 6.17 for cgroups (Debian's 6.12.117 has it
/// too), 6.6 for network devices; older kernels run programs in the order in which they were attached.
class BpfAttachOrder {
 public:
  /// The kernel's own order: behind those that are there.
  constexpr BpfAttachOrder() noexcept = default;
  /// Before all that are there.
  [[nodiscard]] static BpfAttachOrder first() noexcept;
  /// Behind all that are there, and an error where the kernel knows no order.
  [[nodiscard]] static BpfAttachOrder last() noexcept;
  /// Right before the program of this link.
  [[nodiscard]] static BpfAttachOrder before(const BpfLink& link) noexcept;
  /// Right behind the program of this link.
  [[nodiscard]] static BpfAttachOrder after(const BpfLink& link) noexcept;
  /// Right before this program, which is attached without a link.
  [[nodiscard]] static BpfAttachOrder before(const BpfProgram& program) noexcept;
  /// Right behind this program, which is attached without a link.
  [[nodiscard]] static BpfAttachOrder after(const BpfProgram& program) noexcept;

  /// BPF_F_BEFORE, BPF_F_AFTER and BPF_F_LINK; 0 where nothing was asked.
  [[nodiscard]] std::uint32_t flags() const noexcept { return flags_; }
  /// The descriptor of the link or program that it is placed beside; 0 for none.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  constexpr BpfAttachOrder(std::uint32_t flags, int descriptor) noexcept : flags_(flags), descriptor_(descriptor) {}

  std::uint32_t flags_ = 0;
  int descriptor_ = 0;
};

}  // namespace fathom
