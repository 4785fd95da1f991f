#include "section_handlers.hpp"

#include "libbpf_print.hpp"

#include <fathom/bpf/bpf_types.hpp>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>

namespace fathom::bpf {

namespace {

// What a section asks for besides its types.
enum Ask : long { nothing = 0, sleepable = 1, kernel_type = 2 };

struct Section {
  const char* name;  // "x": exactly; "x+": x, or x/...
  BpfProgramType type;
  BpfAttachType attach_type;
  long ask;
};

using enum BpfAttachType;

constexpr BpfAttachType kNone = cgroup_inet_ingress;

// The names that libbpf learnt after 1.1, with the version of Linux that the kernel's side is in.
constexpr std::array kSections = {
    Section{"kprobe.session+", BpfProgramType::kprobe, trace_kprobe_session, nothing},                       // 6.10
    Section{"uprobe.multi+", BpfProgramType::kprobe, trace_uprobe_multi, nothing},                           // 6.6
    Section{"uprobe.multi.s+", BpfProgramType::kprobe, trace_uprobe_multi, sleepable},                       // 6.6
    Section{"uretprobe.multi+", BpfProgramType::kprobe, trace_uprobe_multi, nothing},                        // 6.6
    Section{"uretprobe.multi.s+", BpfProgramType::kprobe, trace_uprobe_multi, sleepable},                    // 6.6
    Section{"uprobe.session+", BpfProgramType::kprobe, trace_uprobe_session, nothing},                       // 6.13
    Section{"uprobe.session.s+", BpfProgramType::kprobe, trace_uprobe_session, sleepable},                   // 6.13
    Section{"usdt.s+", BpfProgramType::kprobe, kNone, sleepable},                                            // 6.0
    Section{"tp.s+", BpfProgramType::tracepoint, kNone, sleepable},                                          // 7.1
    Section{"tracepoint.s+", BpfProgramType::tracepoint, kNone, sleepable},                                  // 7.1
    Section{"raw_tp.s+", BpfProgramType::raw_tracepoint, kNone, sleepable},                                  // 7.1
    Section{"raw_tracepoint.s+", BpfProgramType::raw_tracepoint, kNone, sleepable},                          // 7.1
    Section{"tp_btf.s+", BpfProgramType::tracing, trace_raw_tp, sleepable | kernel_type},                    // 7.1
    Section{"fsession+", BpfProgramType::tracing, trace_fsession, kernel_type},                              // 7.0
    Section{"fsession.s+", BpfProgramType::tracing, trace_fsession, sleepable | kernel_type},                // 7.0
    Section{"fentry.multi+", BpfProgramType::tracing, trace_fentry_multi, nothing},                          // 7.2
    Section{"fentry.multi.s+", BpfProgramType::tracing, trace_fentry_multi, sleepable},                      // 7.2
    Section{"fexit.multi+", BpfProgramType::tracing, trace_fexit_multi, nothing},                            // 7.2
    Section{"fexit.multi.s+", BpfProgramType::tracing, trace_fexit_multi, sleepable},                        // 7.2
    Section{"fsession.multi+", BpfProgramType::tracing, trace_fsession_multi, nothing},                      // 7.2
    Section{"fsession.multi.s+", BpfProgramType::tracing, trace_fsession_multi, sleepable},                  // 7.2
    Section{"tcx/ingress", BpfProgramType::sched_cls, tcx_ingress, nothing},                                 // 6.6
    Section{"tcx/egress", BpfProgramType::sched_cls, tcx_egress, nothing},                                   // 6.6
    Section{"tc/ingress", BpfProgramType::sched_cls, tcx_ingress, nothing},                                  // 6.6
    Section{"tc/egress", BpfProgramType::sched_cls, tcx_egress, nothing},                                    // 6.6
    Section{"netkit/primary", BpfProgramType::sched_cls, netkit_primary, nothing},                           // 6.7
    Section{"netkit/peer", BpfProgramType::sched_cls, netkit_peer, nothing},                                 // 6.7
    Section{"netfilter", BpfProgramType::netfilter, netfilter, nothing},                                     // 6.4
    Section{"sk_skb/verdict", BpfProgramType::sk_skb, sk_skb_verdict, nothing},                              // 5.13
    Section{"struct_ops.s+", BpfProgramType::struct_ops, kNone, sleepable},                                  // 6.1
    Section{"cgroup/connect_unix", BpfProgramType::cgroup_sock_addr, cgroup_unix_connect, nothing},          // 6.7
    Section{"cgroup/sendmsg_unix", BpfProgramType::cgroup_sock_addr, cgroup_unix_sendmsg, nothing},          // 6.7
    Section{"cgroup/recvmsg_unix", BpfProgramType::cgroup_sock_addr, cgroup_unix_recvmsg, nothing},          // 6.7
    Section{"cgroup/getpeername_unix", BpfProgramType::cgroup_sock_addr, cgroup_unix_getpeername, nothing},  // 6.7
    Section{"cgroup/getsockname_unix", BpfProgramType::cgroup_sock_addr, cgroup_unix_getsockname, nothing},  // 6.7
};

// libbpf calls this for a program of such a section just before it is loaded.
int prepare(bpf_program* program, bpf_prog_load_opts* options, long ask) noexcept {
  if ((ask & sleepable) != 0)
    options->prog_flags |= BPF_F_SLEEPABLE;
  if ((ask & kernel_type) == 0 || options->attach_btf_id != 0)
    return 0;
  const char* section = bpf_program__section_name(program);
  const char* slash = std::strchr(section, '/');
  if (slash == nullptr)
    return -EINVAL;
  const int id = libbpf_find_vmlinux_btf_id(slash + 1, options->expected_attach_type);
  if (id < 0)
    return id;
  options->attach_btf_id = static_cast<__u32>(id);
  return 0;
}

// Names with a '+' are known if the name alone is.
bool is_known(const char* name) {
  std::string plain(name);
  if (plain.ends_with('+'))
    plain.pop_back();
  bpf_prog_type type{};
  bpf_attach_type attach_type{};
  return libbpf_prog_type_by_name(plain.c_str(), &type, &attach_type) == 0;
}

}  // namespace

void register_section_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    const PrintScope quiet;
    for (const Section& section : kSections) {
      if (is_known(section.name))
        continue;
      libbpf_prog_handler_opts options{};
      options.sz = sizeof(options);
      options.cookie = section.ask;
      options.prog_prepare_load_fn = prepare;
      // Out of memory is the only way to fail: such a section is then as unknown as before.
      libbpf_register_prog_handler(section.name, static_cast<bpf_prog_type>(section.type),
                                   static_cast<bpf_attach_type>(section.attach_type), &options);
    }
  });
}

}  // namespace fathom::bpf
