#pragma once

#include <fathom/bpf/bpf_types.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace fathom {

/// Whether the running kernel can do something with BPF.
enum class BpfSupport : std::uint8_t {
  yes,     ///< it was done
  no,      ///< the kernel does not know it
  denied,  ///< the kernel refuses it to this thread, or to everybody: rights, lockdown, a security module
  unknown  ///< neither of these; too little memory, say, or nobody knows how to try
};

/// The enumerator's own name: "denied".
[[nodiscard]] std::string_view to_string(BpfSupport support) noexcept;

/// How a program is attached, as far as kernels differ in it.
enum class BpfAttachKind : std::uint8_t {
  kprobe,           ///< kprobe, kretprobe, ksyscall
  kprobe_multi,     ///< Linux 5.18
  kprobe_session,   ///< Linux 6.10
  uprobe,           ///< uprobe, uretprobe, USDT
  uprobe_multi,     ///< Linux 6.6
  uprobe_session,   ///< Linux 6.13
  fentry,           ///< Linux 5.5
  fexit,            ///< Linux 5.5
  fsession,         ///< Linux 7.0
  tracing_multi,    ///< fentry.multi, fexit.multi, fsession.multi; Linux 7.2
  fmod_ret,         ///< Linux 5.7
  lsm,              ///< Linux 5.7; that "bpf" is in /sys/kernel/security/lsm is another matter
  tp_btf,           ///< Linux 5.5
  iter,             ///< Linux 5.8
  perf_event,       ///< links to perf events, Linux 5.15
  cgroup,           ///< links to cgroups, Linux 5.7
  cgroup_order,     ///< those before and behind others, Linux 6.17
  cgroup_unix,      ///< programs at unix sockets, Linux 6.7
  lsm_cgroup,       ///< Linux 6.0
  xdp,              ///< links to network devices, Linux 5.9
  tcx,              ///< Linux 6.6
  netkit,           ///< Linux 6.7
  flow_dissector,   ///< links to network namespaces, Linux 5.7
  sk_lookup,        ///< links to network namespaces, Linux 5.9
  sockmap,          ///< links to maps of sockets, Linux 6.10; programs are attached to them without links before
  netfilter,        ///< Linux 6.4
  struct_ops_link,  ///< tables of `.struct_ops.link`, Linux 6.4
  lwt,              ///< routes through programs, Linux 4.10
  lwt_seg6local     ///< segments that are programs, Linux 4.18
};

/// What BPF can do on the running kernel, found out by doing it: programs of two instructions are loaded and attached
/// for a moment, and empty maps made. No version is compared, since distributions move features to older kernels.
///
///     fathom::BpfFeatures features;
///     if (features.attach(fathom::BpfAttachKind::fentry) == fathom::BpfSupport::yes) ...
///     features.map_type(fathom::BpfMapType::arena);
///     features.helper(fathom::BpfProgramType::kprobe, "bpf_ringbuf_output");
///
/// Answers of yes and no are kept for as long as the object lives; denied and unknown are tried again. All calls may be
/// made from several threads at once. A call takes microseconds, or some milliseconds where the kernel's BTF is
/// searched (/sys/kernel/btf/vmlinux). Reads /sys/bus/event_source/devices, and for lwt asks rtnetlink to remove a
/// route that cannot be there. Needs the rights of what it tries, and says denied without.
class BpfFeatures {
 public:
  BpfFeatures();
  BpfFeatures(BpfFeatures&& other) noexcept;
  BpfFeatures& operator=(BpfFeatures&& other) noexcept;
  BpfFeatures(const BpfFeatures&) = delete;
  BpfFeatures& operator=(const BpfFeatures&) = delete;
  ~BpfFeatures();

  /// Whether programs of this type can be loaded.
  [[nodiscard]] BpfSupport program_type(BpfProgramType type) const;
  /// Whether maps of this type can be made.
  [[nodiscard]] BpfSupport map_type(BpfMapType type) const;
  /// Whether programs of this type may call this helper, by its number (`enum bpf_func_id`).
  [[nodiscard]] BpfSupport helper(BpfProgramType type, std::uint32_t number) const;
  /// The same by its name, with or without "bpf_"; unknown for a name that Linux 6.1 does not have.
  [[nodiscard]] BpfSupport helper(BpfProgramType type, std::string_view name) const;
  /// Whether programs can be attached in this way.
  [[nodiscard]] BpfSupport attach(BpfAttachKind kind) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fathom
