#include <fathom/bpf/bpf_types.hpp>

#include <array>
#include <cstddef>

namespace fathom {

namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kProgramTypes{"unspec"sv,
                                   "socket_filter"sv,
                                   "kprobe"sv,
                                   "sched_cls"sv,
                                   "sched_act"sv,
                                   "tracepoint"sv,
                                   "xdp"sv,
                                   "perf_event"sv,
                                   "cgroup_skb"sv,
                                   "cgroup_sock"sv,
                                   "lwt_in"sv,
                                   "lwt_out"sv,
                                   "lwt_xmit"sv,
                                   "sock_ops"sv,
                                   "sk_skb"sv,
                                   "cgroup_device"sv,
                                   "sk_msg"sv,
                                   "raw_tracepoint"sv,
                                   "cgroup_sock_addr"sv,
                                   "lwt_seg6local"sv,
                                   "lirc_mode2"sv,
                                   "sk_reuseport"sv,
                                   "flow_dissector"sv,
                                   "cgroup_sysctl"sv,
                                   "raw_tracepoint_writable"sv,
                                   "cgroup_sockopt"sv,
                                   "tracing"sv,
                                   "struct_ops"sv,
                                   "ext"sv,
                                   "lsm"sv,
                                   "sk_lookup"sv,
                                   "syscall"sv,
                                   "netfilter"sv};
static_assert(kProgramTypes.size() == static_cast<std::size_t>(BpfProgramType::netfilter) + 1);

constexpr std::array kMapTypes{"unspec"sv,
                               "hash"sv,
                               "array"sv,
                               "prog_array"sv,
                               "perf_event_array"sv,
                               "percpu_hash"sv,
                               "percpu_array"sv,
                               "stack_trace"sv,
                               "cgroup_array"sv,
                               "lru_hash"sv,
                               "lru_percpu_hash"sv,
                               "lpm_trie"sv,
                               "array_of_maps"sv,
                               "hash_of_maps"sv,
                               "devmap"sv,
                               "sockmap"sv,
                               "cpumap"sv,
                               "xskmap"sv,
                               "sockhash"sv,
                               "cgroup_storage"sv,
                               "reuseport_sockarray"sv,
                               "percpu_cgroup_storage"sv,
                               "queue"sv,
                               "stack"sv,
                               "sk_storage"sv,
                               "devmap_hash"sv,
                               "struct_ops"sv,
                               "ringbuf"sv,
                               "inode_storage"sv,
                               "task_storage"sv,
                               "bloom_filter"sv,
                               "user_ringbuf"sv,
                               "cgrp_storage"sv,
                               "arena"sv,
                               "insn_array"sv,
                               "rhash"sv};
static_assert(kMapTypes.size() == static_cast<std::size_t>(BpfMapType::rhash) + 1);

constexpr std::array kAttachTypes{"cgroup_inet_ingress"sv,
                                  "cgroup_inet_egress"sv,
                                  "cgroup_inet_sock_create"sv,
                                  "cgroup_sock_ops"sv,
                                  "sk_skb_stream_parser"sv,
                                  "sk_skb_stream_verdict"sv,
                                  "cgroup_device"sv,
                                  "sk_msg_verdict"sv,
                                  "cgroup_inet4_bind"sv,
                                  "cgroup_inet6_bind"sv,
                                  "cgroup_inet4_connect"sv,
                                  "cgroup_inet6_connect"sv,
                                  "cgroup_inet4_post_bind"sv,
                                  "cgroup_inet6_post_bind"sv,
                                  "cgroup_udp4_sendmsg"sv,
                                  "cgroup_udp6_sendmsg"sv,
                                  "lirc_mode2"sv,
                                  "flow_dissector"sv,
                                  "cgroup_sysctl"sv,
                                  "cgroup_udp4_recvmsg"sv,
                                  "cgroup_udp6_recvmsg"sv,
                                  "cgroup_getsockopt"sv,
                                  "cgroup_setsockopt"sv,
                                  "trace_raw_tp"sv,
                                  "trace_fentry"sv,
                                  "trace_fexit"sv,
                                  "modify_return"sv,
                                  "lsm_mac"sv,
                                  "trace_iter"sv,
                                  "cgroup_inet4_getpeername"sv,
                                  "cgroup_inet6_getpeername"sv,
                                  "cgroup_inet4_getsockname"sv,
                                  "cgroup_inet6_getsockname"sv,
                                  "xdp_devmap"sv,
                                  "cgroup_inet_sock_release"sv,
                                  "xdp_cpumap"sv,
                                  "sk_lookup"sv,
                                  "xdp"sv,
                                  "sk_skb_verdict"sv,
                                  "sk_reuseport_select"sv,
                                  "sk_reuseport_select_or_migrate"sv,
                                  "perf_event"sv,
                                  "trace_kprobe_multi"sv,
                                  "lsm_cgroup"sv,
                                  "struct_ops"sv,
                                  "netfilter"sv,
                                  "tcx_ingress"sv,
                                  "tcx_egress"sv,
                                  "trace_uprobe_multi"sv,
                                  "cgroup_unix_connect"sv,
                                  "cgroup_unix_sendmsg"sv,
                                  "cgroup_unix_recvmsg"sv,
                                  "cgroup_unix_getpeername"sv,
                                  "cgroup_unix_getsockname"sv,
                                  "netkit_primary"sv,
                                  "netkit_peer"sv,
                                  "trace_kprobe_session"sv,
                                  "trace_uprobe_session"sv,
                                  "trace_fsession"sv,
                                  "trace_fentry_multi"sv,
                                  "trace_fexit_multi"sv,
                                  "trace_fsession_multi"sv};
static_assert(kAttachTypes.size() == static_cast<std::size_t>(BpfAttachType::trace_fsession_multi) + 1);

constexpr std::array kLinkTypes{"unspec"sv,       "raw_tracepoint"sv, "tracing"sv,   "cgroup"sv,
                                "iter"sv,         "netns"sv,          "xdp"sv,       "perf_event"sv,
                                "kprobe_multi"sv, "struct_ops"sv,     "netfilter"sv, "tcx"sv,
                                "uprobe_multi"sv, "netkit"sv,         "sockmap"sv,   "tracing_multi"sv};
static_assert(kLinkTypes.size() == static_cast<std::size_t>(BpfLinkType::tracing_multi) + 1);

template <std::size_t Size>
std::string_view name_in(const std::array<std::string_view, Size>& names, std::size_t number) {
  return number < Size ? names[number] : std::string_view();
}

}  // namespace

std::string_view to_string(BpfProgramType type) noexcept {
  return name_in(kProgramTypes, static_cast<std::size_t>(type));
}

std::string_view to_string(BpfMapType type) noexcept {
  return name_in(kMapTypes, static_cast<std::size_t>(type));
}

std::string_view to_string(BpfAttachType type) noexcept {
  return name_in(kAttachTypes, static_cast<std::size_t>(type));
}

std::string_view to_string(BpfLinkType type) noexcept {
  return name_in(kLinkTypes, static_cast<std::size_t>(type));
}

}  // namespace fathom
