#include "program_kinds.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace fathom::bpf {

namespace {

struct Rule {
  BpfProgramType type;
  std::optional<BpfAttachType> attach_type;  // empty: any
  std::string_view section;                  // what the section begins with; empty: any
  ProgramKind kind;
};

// The first that fits. A new class of programs gets its line here.
constexpr std::array kRules = {
    Rule{BpfProgramType::tracepoint, {}, {}, {"Tracepoint", "tracepoint"}},
    Rule{BpfProgramType::raw_tracepoint, {}, {}, {"RawTracepoint", "raw_tracepoint"}},
    Rule{BpfProgramType::raw_tracepoint_writable, {}, {}, {"RawTracepoint", "raw_tracepoint"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_raw_tp, {}, {"BtfTracepoint", "btf_tracepoint"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_fentry, {}, {"Fentry", "fentry"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_fexit, {}, {"Fexit", "fentry"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_fsession, {}, {"Fsession", "fentry"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_fentry_multi, {}, {"TracingMulti", "tracing_multi"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_fexit_multi, {}, {"TracingMulti", "tracing_multi"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_fsession_multi, {}, {"TracingMulti", "tracing_multi"}},
    Rule{BpfProgramType::tracing, BpfAttachType::modify_return, {}, {"FmodRet", "fentry"}},
    Rule{BpfProgramType::tracing, BpfAttachType::trace_iter, {}, {"BpfIter", "bpf_iter"}},
    Rule{BpfProgramType::lsm, BpfAttachType::lsm_mac, {}, {"Lsm", "lsm"}},
    Rule{BpfProgramType::cgroup_skb, {}, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::cgroup_sock, {}, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::cgroup_sock_addr, {}, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::cgroup_device, {}, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::cgroup_sysctl, {}, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::cgroup_sockopt, {}, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::sock_ops, {}, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::lsm, BpfAttachType::lsm_cgroup, {}, {"CgroupProgram", "cgroup_program"}},
    Rule{BpfProgramType::ext, {}, {}, {"Freplace", "freplace"}},
    Rule{BpfProgramType::perf_event, {}, {}, {"PerfEventProgram", "perf_event_program"}},
    Rule{BpfProgramType::sched_cls, BpfAttachType::cgroup_inet_ingress, {}, {"TcClassifier", "tc_classifier"}},
    Rule{BpfProgramType::sched_cls, BpfAttachType::tcx_ingress, {}, {"Tcx", "tcx"}},
    Rule{BpfProgramType::sched_cls, BpfAttachType::tcx_egress, {}, {"Tcx", "tcx"}},
    Rule{BpfProgramType::sched_cls, BpfAttachType::netkit_primary, {}, {"Netkit", "netkit"}},
    Rule{BpfProgramType::sched_cls, BpfAttachType::netkit_peer, {}, {"Netkit", "netkit"}},
    Rule{BpfProgramType::xdp, BpfAttachType::xdp, {}, {"Xdp", "xdp"}},
    Rule{BpfProgramType::syscall, {}, {}, {"SyscallProgram", "syscall_program"}},
    Rule{BpfProgramType::socket_filter, {}, {}, {"SocketFilter", "socket_filter"}},
    Rule{BpfProgramType::sk_reuseport, {}, {}, {"SkReuseport", "sk_reuseport"}},
    Rule{BpfProgramType::sk_lookup, {}, {}, {"SkLookup", "sk_lookup"}},
    Rule{BpfProgramType::flow_dissector, {}, {}, {"FlowDissector", "flow_dissector"}},
    Rule{BpfProgramType::sk_msg, {}, {}, {"SkMsg", "sk_msg"}},
    Rule{BpfProgramType::sk_skb, {}, {}, {"SkSkb", "sk_skb"}},
    Rule{BpfProgramType::netfilter, {}, {}, {"Netfilter", "netfilter"}},
    Rule{BpfProgramType::lwt_in, {}, {}, {"Lwt", "lwt"}},
    Rule{BpfProgramType::lwt_out, {}, {}, {"Lwt", "lwt"}},
    Rule{BpfProgramType::lwt_xmit, {}, {}, {"Lwt", "lwt"}},
    Rule{BpfProgramType::lwt_seg6local, {}, {}, {"LwtSeg6Local", "lwt"}},
    Rule{BpfProgramType::kprobe, BpfAttachType::trace_kprobe_multi, {}, {"KprobeMulti", "kprobe_multi"}},
    Rule{BpfProgramType::kprobe, BpfAttachType::trace_kprobe_session, {}, {"KprobeMulti", "kprobe_multi"}},
    Rule{BpfProgramType::kprobe, BpfAttachType::trace_uprobe_multi, {}, {"UprobeMulti", "uprobe_multi"}},
    Rule{BpfProgramType::kprobe, BpfAttachType::trace_uprobe_session, {}, {"UprobeMulti", "uprobe_multi"}},
    Rule{BpfProgramType::kprobe, {}, "kprobe", {"KprobeProgram", "kprobe"}},
    Rule{BpfProgramType::kprobe, {}, "kretprobe", {"KretprobeProgram", "kprobe"}},
    Rule{BpfProgramType::kprobe, {}, "ksyscall", {"Ksyscall", "ksyscall"}},
    Rule{BpfProgramType::kprobe, {}, "kretsyscall", {"Kretsyscall", "ksyscall"}},
    Rule{BpfProgramType::kprobe, {}, "uprobe", {"UprobeProgram", "uprobe"}},
    Rule{BpfProgramType::kprobe, {}, "uretprobe", {"UretprobeProgram", "uprobe"}},
    Rule{BpfProgramType::kprobe, {}, "usdt", {"Usdt", "usdt"}},
};

}  // namespace

ProgramKind program_kind(const ProgramSpec& program) {
  const auto* const rule = std::ranges::find_if(kRules, [&](const Rule& r) {
    return r.type == program.type && (!r.attach_type || *r.attach_type == program.expected_attach_type) &&
           program.section.starts_with(r.section);
  });
  return rule != kRules.end() ? rule->kind : ProgramKind{"BpfProgram", "bpf_program"};
}

}  // namespace fathom::bpf
