#include "target_names.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/nearest_names.hpp>
#include <fathom/btf/btf.hpp>

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace fathom::bpf {

namespace {

constexpr std::array<std::string_view, 52> kTargetSections = {"tp",
                                                              "tracepoint",
                                                              "raw_tp",
                                                              "raw_tracepoint",
                                                              "tp_btf",
                                                              "kprobe",
                                                              "kretprobe",
                                                              "ksyscall",
                                                              "kretsyscall",
                                                              "kprobe.multi",
                                                              "kretprobe.multi",
                                                              "kprobe.session",
                                                              "uprobe",
                                                              "uretprobe",
                                                              "uprobe.multi",
                                                              "uretprobe.multi",
                                                              "uprobe.session",
                                                              "usdt",
                                                              "fentry",
                                                              "fexit",
                                                              "fsession",
                                                              "fentry.multi",
                                                              "fexit.multi",
                                                              "fsession.multi",
                                                              "fmod_ret",
                                                              "freplace",
                                                              "lsm",
                                                              "lsm_cgroup",
                                                              "iter",
                                                              "syscall",
                                                              "perf_event",
                                                              "struct_ops",
                                                              "xdp",
                                                              "tc",
                                                              "tcx/ingress",
                                                              "tcx/egress",
                                                              "netkit/primary",
                                                              "netkit/peer",
                                                              "netfilter",
                                                              "socket",
                                                              "sockops",
                                                              "sk_msg",
                                                              "sk_skb",
                                                              "sk_lookup",
                                                              "sk_reuseport",
                                                              "flow_dissector",
                                                              "cgroup_skb/ingress",
                                                              "cgroup_skb/egress",
                                                              "cgroup/sock_create",
                                                              "lwt_in",
                                                              "lwt_out",
                                                              "lwt_xmit"};

// Of these, what follows the slash is no target but a part of the name.
constexpr std::array<std::string_view, 27> kCgroupSections = {"cgroup_skb/ingress",
                                                              "cgroup_skb/egress",
                                                              "cgroup/sock_create",
                                                              "cgroup/sock_release",
                                                              "cgroup/post_bind4",
                                                              "cgroup/post_bind6",
                                                              "cgroup/bind4",
                                                              "cgroup/bind6",
                                                              "cgroup/connect4",
                                                              "cgroup/connect6",
                                                              "cgroup/connect_unix",
                                                              "cgroup/sendmsg4",
                                                              "cgroup/sendmsg6",
                                                              "cgroup/sendmsg_unix",
                                                              "cgroup/recvmsg4",
                                                              "cgroup/recvmsg6",
                                                              "cgroup/recvmsg_unix",
                                                              "cgroup/getpeername4",
                                                              "cgroup/getpeername6",
                                                              "cgroup/getpeername_unix",
                                                              "cgroup/getsockname4",
                                                              "cgroup/getsockname6",
                                                              "cgroup/getsockname_unix",
                                                              "cgroup/getsockopt",
                                                              "cgroup/setsockopt",
                                                              "cgroup/dev",
                                                              "cgroup/sysctl"};

// What the kernel puts before the name in its BTF (kernel/bpf/verifier.c, bpf_check_attach_target).
std::string_view btf_prefix(BpfAttachType type) {
  switch (type) {
    case BpfAttachType::trace_raw_tp:
      return "btf_trace_";
    case BpfAttachType::lsm_mac:
    case BpfAttachType::lsm_cgroup:
      return "bpf_lsm_";
    case BpfAttachType::trace_iter:
      return "bpf_iter_";
    default:
      return {};
  }
}

template <class Offer>
void for_each_entry(const std::string& directory, Offer offer) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error))
      offer(entry->path().filename().string());
  }
}

}  // namespace

std::string nearest_names_hint(const NearestNames& nearest) {
  std::string text;
  for (const std::string& name : nearest.names())
    text += (text.empty() ? "; nearest: " : ", ") + name;
  return text;
}

std::string near_sections(std::string_view section) {
  const bool cgroup = section.starts_with("cgroup");
  NearestNames nearest(cgroup ? section : section.substr(0, section.find('/')));
  for (const std::string_view name : cgroup ? std::span<const std::string_view>(kCgroupSections) : kTargetSections)
    nearest.offer(name);
  return nearest_names_hint(nearest);
}

std::string near_kernel_targets(const ProgramSpec& program) {
  const std::string_view prefix = btf_prefix(program.expected_attach_type);
  const BtfKind kind = program.expected_attach_type == BpfAttachType::trace_raw_tp ? BtfKind::typedef_ : BtfKind::func;
  NearestNames nearest(program.attach_target);
  try {
    const Btf btf = Btf::load();
    for (const BtfType type : btf.own_types()) {
      if (type.kind() == kind && type.name().starts_with(prefix))
        nearest.offer(type.name().substr(prefix.size()));
    }
  } catch (const Error&) {
    return {};  // a hint is no reason for another error
  }
  return nearest_names_hint(nearest);
}

std::string near_functions(const Btf& btf, std::string_view function) {
  NearestNames nearest(function);
  for (const BtfType type : btf.own_types()) {
    if (type.kind() == BtfKind::func)
      nearest.offer(type.name());
  }
  return nearest_names_hint(nearest);
}

std::string near_events(const std::string& tracefs, std::string_view category, std::string_view event) {
  std::string wanted(category);
  if (!category.empty())
    wanted += ':';
  wanted += event;
  NearestNames nearest(wanted);
  for_each_entry(tracefs + "/events", [&](const std::string& there) {
    for_each_entry(tracefs + "/events/" + there,
                   [&](const std::string& name) { nearest.offer(category.empty() ? name : there + ':' + name); });
  });
  return nearest_names_hint(nearest);
}

}  // namespace fathom::bpf
