#include "feature_probe.hpp"
#include "libbpf_print.hpp"
#include "link_create.hpp"
#include "perf/event_source.hpp"
#include "perf/open_probe.hpp"
#include "rtnetlink.hpp"

#include <fathom/base/error.hpp>

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

namespace fathom::bpf {

namespace {

// A function that all kernels have and that may be traced in all ways.
constexpr const char* kFunction = "vfs_read";

// 0 for a link, which ends at once.
int try_link(const LinkCreateAttr& attr) {
  return create_link(attr) ? 0 : errno;
}

BpfSupport try_source(const std::string& source) {
  const bool kernel = source == "kprobe";
  const auto type = perf::event_source_type("/sys", source);
  if (!type)
    return BpfSupport::no;
  try {
    // The beginning of a file is no code, so nothing comes of it.
    const UniqueFd event = kernel ? perf::open_kprobe(*type, {.function = kFunction})
                                  : perf::open_uprobe(*type, {.path = "/proc/self/exe", .pid = ::getpid()});
    return BpfSupport::yes;
  } catch (const Error& error) {
    const int number = error.code().value();
    return number == EPERM || number == EACCES ? BpfSupport::denied : BpfSupport::unknown;
  }
}

// Verified for a function, tracepoint, hook or iterator, and attached to it.
BpfSupport try_tracing(BpfProgramType type, BpfAttachType attach_type, const char* target) {
  const ProbeLoad load = load_probe({type, attach_type, target});
  if (!load.program)
    return support_of(load);
  if (attach_type == BpfAttachType::trace_iter)
    return support_of_errno(try_link(link_attr(load.program.get(), attach_type)));
  struct {
    std::uint64_t name;
    std::uint32_t prog_fd;
    std::uint32_t padding;
  } open{0, static_cast<std::uint32_t>(load.program.get()), 0};
  const UniqueFd link(static_cast<int>(::syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &open, sizeof(open))));
  return link ? BpfSupport::yes : support_of_errno(errno);
}

BpfSupport try_tracing_multi() {
  const ProbeLoad load = load_probe({BpfProgramType::tracing, BpfAttachType::trace_fentry_multi});
  if (!load.program)
    return support_of(load);
  const PrintScope quiet;
  const int type = libbpf_find_vmlinux_btf_id(kFunction, BPF_TRACE_FENTRY);
  if (type <= 0)
    return BpfSupport::unknown;
  const auto id = static_cast<std::uint32_t>(type);
  LinkCreateAttr attr = link_attr(load.program.get(), BpfAttachType::trace_fentry_multi);
  attr.tracing_multi.ids = reinterpret_cast<std::uintptr_t>(&id);
  attr.tracing_multi.count = 1;
  return support_of_errno(try_link(attr));
}

BpfSupport try_kprobe_multi(BpfAttachType attach_type) {
  const ProbeLoad load = load_probe({BpfProgramType::kprobe, attach_type});
  if (!load.program)
    return support_of(load);
  const char* const function = kFunction;
  LinkCreateAttr attr = link_attr(load.program.get(), attach_type);
  attr.kprobe_multi.count = 1;
  attr.kprobe_multi.symbols = reinterpret_cast<std::uintptr_t>(&function);
  return support_of_errno(try_link(attr));
}

// A folder cannot be probed: a kernel that looks so far says EBADF (kernel/trace/bpf_trace.c).
BpfSupport try_uprobe_multi(BpfAttachType attach_type) {
  const ProbeLoad load = load_probe({BpfProgramType::kprobe, attach_type});
  if (!load.program)
    return support_of(load);
  const std::uint64_t offset = 0;
  LinkCreateAttr attr = link_attr(load.program.get(), attach_type);
  attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>("/");
  attr.uprobe_multi.offsets = reinterpret_cast<std::uintptr_t>(&offset);
  attr.uprobe_multi.count = 1;
  const int error = try_link(attr);
  return error == EBADF ? BpfSupport::yes : support_of_errno(error);
}

// No descriptor: a kernel that knows the type and the flags looks for what the program is to be attached to (a perf
// event, a cgroup, a network namespace, a map of sockets) and says EBADF.
BpfSupport try_without_target(const ProbeProgram& program, std::uint32_t flags = 0) {
  const ProbeLoad load = load_probe(program);
  if (!load.program)
    return support_of(load);
  LinkCreateAttr attr = link_attr(load.program.get(), program.attach_type, -1);
  attr.flags = flags;
  const int error = try_link(attr);
  return error == EBADF ? BpfSupport::yes : support_of_errno(error);
}

// No device has this index: a kernel that looks for it says ENODEV.
BpfSupport try_device(BpfAttachType attach_type) {
  const ProbeLoad load = load_probe({BpfProgramType::sched_cls, attach_type});
  if (!load.program)
    return support_of(load);
  const int error = try_link(link_attr(load.program.get(), attach_type, std::numeric_limits<std::int32_t>::max()));
  return error == ENODEV ? BpfSupport::yes : support_of_errno(error);
}

// The loopback, device 1 of every network namespace, runs no programs itself: a kernel that comes so far says
// EOPNOTSUPP (net/core/dev.c, dev_xdp_attach).
BpfSupport try_xdp_link() {
  const ProbeLoad load = load_probe({BpfProgramType::xdp, BpfAttachType::xdp});
  if (!load.program)
    return support_of(load);
  LinkCreateAttr attr = link_attr(load.program.get(), BpfAttachType::xdp, 1);
  attr.flags = XDP_FLAGS_HW_MODE;
  const int error = try_link(attr);
  return error == EOPNOTSUPP ? BpfSupport::yes : support_of_errno(error);
}

// Of the protocol 0, which has no hooks: a kernel that looks for them says EAFNOSUPPORT (net/netfilter/nf_bpf_link.c).
BpfSupport try_netfilter() {
  const ProbeLoad load = load_probe(probe_program(BpfProgramType::netfilter));
  if (!load.program)
    return support_of(load);
  const int error = try_link(link_attr(load.program.get(), BpfAttachType::netfilter));
  return error == EAFNOSUPPORT ? BpfSupport::yes : support_of_errno(error);
}

// The removal of a route that is not there: to 0.0.0.0/32, at a device that is not. The kernel looks first whether it
// has routes of this kind (net/ipv4/fib_frontend.c) and then says ESRCH.
BpfSupport try_route(BpfProgramType type, std::uint16_t encap) {
  const ProbeLoad load = load_probe({type});
  if (!load.program)
    return support_of(load);
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = 32;
  header.rtm_table = RT_TABLE_MAIN;
  NetlinkRequest remove(RTM_DELROUTE, 0, header);
  remove.add(RTA_DST, std::array<std::byte, 4>{});
  remove.add(RTA_OIF, std::uint32_t{std::numeric_limits<std::int32_t>::max()});
  remove.add(RTA_ENCAP_TYPE, std::as_bytes(std::span(&encap, 1)));
  try {
    const int error = RtNetlink().ask(remove).error;
    return error == ESRCH ? BpfSupport::yes : support_of_errno(error);
  } catch (const Error& error) {
    return support_of_errno(error.code().value());
  }
}

}  // namespace

BpfSupport probe_attach(BpfAttachKind kind) {
  using enum BpfAttachType;
  switch (kind) {
    case BpfAttachKind::kprobe:
      return try_source("kprobe");
    case BpfAttachKind::uprobe:
      return try_source("uprobe");
    case BpfAttachKind::kprobe_multi:
      return try_kprobe_multi(trace_kprobe_multi);
    case BpfAttachKind::kprobe_session:
      return try_kprobe_multi(trace_kprobe_session);
    case BpfAttachKind::uprobe_multi:
      return try_uprobe_multi(trace_uprobe_multi);
    case BpfAttachKind::uprobe_session:
      return try_uprobe_multi(trace_uprobe_session);
    case BpfAttachKind::fentry:
      return try_tracing(BpfProgramType::tracing, trace_fentry, kFunction);
    case BpfAttachKind::fexit:
      return try_tracing(BpfProgramType::tracing, trace_fexit, kFunction);
    case BpfAttachKind::fsession:
      return try_tracing(BpfProgramType::tracing, trace_fsession, kFunction);
    case BpfAttachKind::tracing_multi:
      return try_tracing_multi();
    case BpfAttachKind::fmod_ret:
      return try_tracing(BpfProgramType::tracing, modify_return, "security_file_open");
    case BpfAttachKind::lsm:
      return try_tracing(BpfProgramType::lsm, lsm_mac, "file_open");
    case BpfAttachKind::tp_btf:
      return try_tracing(BpfProgramType::tracing, trace_raw_tp, "sched_switch");
    case BpfAttachKind::iter:
      return try_tracing(BpfProgramType::tracing, trace_iter, "task");
    case BpfAttachKind::perf_event:
      return try_without_target({BpfProgramType::perf_event, BpfAttachType::perf_event});
    case BpfAttachKind::cgroup:
      return try_without_target({BpfProgramType::cgroup_skb, cgroup_inet_ingress});
    case BpfAttachKind::cgroup_order:
      return try_without_target({BpfProgramType::cgroup_skb, cgroup_inet_ingress}, kBefore);
    case BpfAttachKind::cgroup_unix:
      return try_without_target({BpfProgramType::cgroup_sock_addr, cgroup_unix_connect});
    case BpfAttachKind::lsm_cgroup:
      return try_without_target({BpfProgramType::lsm, BpfAttachType::lsm_cgroup, "socket_bind"});
    case BpfAttachKind::xdp:
      return try_xdp_link();
    case BpfAttachKind::tcx:
      return try_device(tcx_ingress);
    case BpfAttachKind::netkit:
      return try_device(netkit_primary);
    case BpfAttachKind::flow_dissector:
      return try_without_target({BpfProgramType::flow_dissector, BpfAttachType::flow_dissector});
    case BpfAttachKind::sk_lookup:
      return try_without_target(probe_program(BpfProgramType::sk_lookup));
    case BpfAttachKind::sockmap:
      return try_without_target({BpfProgramType::sk_msg, sk_msg_verdict});
    case BpfAttachKind::netfilter:
      return try_netfilter();
    case BpfAttachKind::struct_ops_link:
      return probe_struct_ops_link();
    case BpfAttachKind::lwt:
      return try_route(BpfProgramType::lwt_xmit, LWTUNNEL_ENCAP_BPF);
    case BpfAttachKind::lwt_seg6local:
      return try_route(BpfProgramType::lwt_seg6local, LWTUNNEL_ENCAP_SEG6_LOCAL);
  }
  return BpfSupport::unknown;
}

}  // namespace fathom::bpf
