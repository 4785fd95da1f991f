/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The programs of cgroups, one or more for each kind; a test loads those it wants, and compares what they counted. */
#include <network.bpf.h>

#include <bpf/bpf_tracing.h>

enum { ALLOW = 1, REFUSE = 0, SOCK_DGRAM_ = 2, AF_INET6_ = 10 };
enum { SOL_IP_ = 0, IP_TOS_ = 1, OWN_LEVEL = 0x7a00 };

struct counts {
  __u64 calls;
  __u64 bytes;
  __u64 refused;
};
struct counts ingress = {};
struct counts egress = {};
struct counts sockets = {};
__u64 released = 0;
struct counts binds = {};
struct counts after_binds = {};
struct counts connects = {};
struct counts sends = {};
struct counts receives = {};
__u64 names = 0;
struct counts devices = {};
struct counts sysctls = {};
struct counts options = {};
__u64 lsm_calls = 0;

/* What each program that is asked to adds its digit to: 123 is one, two, three. */
__u64 order = 0;

const volatile __u32 dropped_bytes = 0; /* packets of this length are dropped */
const volatile __u16 refused_port = 0;  /* host order */
const volatile __u16 asked_port = 0;    /* what is asked for, and ... */
const volatile __u16 server_port = 0;   /* ... where it goes instead */

static int packet(struct __sk_buff* skb, struct counts* counts) {
  __sync_fetch_and_add(&counts->calls, 1);
  __sync_fetch_and_add(&counts->bytes, skb->len);
  if (!dropped_bytes || skb->len != dropped_bytes)
    return ALLOW;
  __sync_fetch_and_add(&counts->refused, 1);
  return REFUSE;
}

SEC("?cgroup_skb/ingress")
int on_ingress(struct __sk_buff* skb) {
  return packet(skb, &ingress);
}

SEC("?cgroup_skb/egress")
int on_egress(struct __sk_buff* skb) {
  return packet(skb, &egress);
}

SEC("?cgroup/skb")
int on_skb(struct __sk_buff* skb) {
  return packet(skb, &egress);
}

/* No datagrams over IPv6. */
SEC("?cgroup/sock_create")
int on_create(struct bpf_sock* socket) {
  __sync_fetch_and_add(&sockets.calls, 1);
  if (socket->family != AF_INET6_ || socket->type != SOCK_DGRAM_)
    return ALLOW;
  __sync_fetch_and_add(&sockets.refused, 1);
  return REFUSE;
}

SEC("?cgroup/sock_release")
int on_release(struct bpf_sock* socket) {
  __sync_fetch_and_add(&released, 1);
  return ALLOW;
}

static int after_bind(struct bpf_sock* socket) {
  __sync_fetch_and_add(&after_binds.calls, 1);
  if (socket->src_port != refused_port)
    return ALLOW;
  __sync_fetch_and_add(&after_binds.refused, 1);
  return REFUSE;
}

SEC("?cgroup/post_bind4")
int on_post_bind4(struct bpf_sock* socket) {
  return after_bind(socket);
}

SEC("?cgroup/post_bind6")
int on_post_bind6(struct bpf_sock* socket) {
  return after_bind(socket);
}

static int bind(struct bpf_sock_addr* address) {
  __sync_fetch_and_add(&binds.calls, 1);
  if (address->user_port != bpf_htons(refused_port))
    return ALLOW;
  __sync_fetch_and_add(&binds.refused, 1);
  return REFUSE;
}

SEC("?cgroup/bind4")
int on_bind4(struct bpf_sock_addr* address) {
  return bind(address);
}

SEC("?cgroup/bind6")
int on_bind6(struct bpf_sock_addr* address) {
  return bind(address);
}

static int lead_elsewhere(struct bpf_sock_addr* address, struct counts* counts) {
  __sync_fetch_and_add(&counts->calls, 1);
  if (address->user_port == bpf_htons(refused_port) && refused_port) {
    __sync_fetch_and_add(&counts->refused, 1);
    return REFUSE;
  }
  if (address->user_port == bpf_htons(asked_port))
    address->user_port = bpf_htons(server_port);
  return ALLOW;
}

static int lead_elsewhere4(struct bpf_sock_addr* address, struct counts* counts) {
  if (address->user_ip4 == bpf_htonl(0x7f000002))
    address->user_ip4 = bpf_htonl(0x7f000001);
  return lead_elsewhere(address, counts);
}

SEC("?cgroup/connect4")
int on_connect4(struct bpf_sock_addr* address) {
  return lead_elsewhere4(address, &connects);
}

SEC("?cgroup/connect6")
int on_connect6(struct bpf_sock_addr* address) {
  return lead_elsewhere(address, &connects);
}

SEC("?cgroup/sendmsg4")
int on_sendmsg4(struct bpf_sock_addr* address) {
  return lead_elsewhere4(address, &sends);
}

SEC("?cgroup/sendmsg6")
int on_sendmsg6(struct bpf_sock_addr* address) {
  return lead_elsewhere(address, &sends);
}

/* The answer seems to come from where it was asked. */
static int seem(struct bpf_sock_addr* address, __u64* calls) {
  __sync_fetch_and_add(calls, 1);
  if (address->user_port == bpf_htons(server_port))
    address->user_port = bpf_htons(asked_port);
  return ALLOW;
}

SEC("?cgroup/recvmsg4")
int on_recvmsg4(struct bpf_sock_addr* address) {
  return seem(address, &receives.calls);
}

SEC("?cgroup/recvmsg6")
int on_recvmsg6(struct bpf_sock_addr* address) {
  return seem(address, &receives.calls);
}

SEC("?cgroup/getpeername4")
int on_getpeername4(struct bpf_sock_addr* address) {
  return seem(address, &names);
}

SEC("?cgroup/getpeername6")
int on_getpeername6(struct bpf_sock_addr* address) {
  return seem(address, &names);
}

SEC("?cgroup/getsockname4")
int on_getsockname4(struct bpf_sock_addr* address) {
  return seem(address, &names);
}

SEC("?cgroup/getsockname6")
int on_getsockname6(struct bpf_sock_addr* address) {
  return seem(address, &names);
}

SEC("?cgroup/connect_unix")
int on_connect_unix(struct bpf_sock_addr* address) {
  __sync_fetch_and_add(&connects.calls, 1);
  return REFUSE;
}

SEC("?cgroup/sendmsg_unix")
int on_sendmsg_unix(struct bpf_sock_addr* address) {
  __sync_fetch_and_add(&sends.calls, 1);
  return REFUSE;
}

SEC("?cgroup/recvmsg_unix")
int on_recvmsg_unix(struct bpf_sock_addr* address) {
  __sync_fetch_and_add(&receives.calls, 1);
  return ALLOW;
}

SEC("?cgroup/getpeername_unix")
int on_getpeername_unix(struct bpf_sock_addr* address) {
  __sync_fetch_and_add(&names, 1);
  return ALLOW;
}

SEC("?cgroup/getsockname_unix")
int on_getsockname_unix(struct bpf_sock_addr* address) {
  __sync_fetch_and_add(&names, 1);
  return ALLOW;
}

/* No reading of /dev/zero, 1:5. */
SEC("?cgroup/dev")
int on_device(struct bpf_cgroup_dev_ctx* context) {
  __sync_fetch_and_add(&devices.calls, 1);
  if (context->major != 1 || context->minor != 5 || !((context->access_type >> 16) & BPF_DEVCG_ACC_READ))
    return ALLOW;
  __sync_fetch_and_add(&devices.refused, 1);
  return REFUSE;
}

/* No reading of kernel/ostype, whose name is no other's beginning. */
SEC("?cgroup/sysctl")
int on_sysctl(struct bpf_sysctl* context) {
  static const char refused[] = "kernel/ostype";
  char name[sizeof(refused)] = {};

  __sync_fetch_and_add(&sysctls.calls, 1);
  if (bpf_sysctl_get_name(context, name, sizeof(name), 0) != sizeof(refused) - 1)
    return ALLOW;
  for (unsigned i = 0; i < sizeof(refused) - 1; ++i) {
    if (name[i] != refused[i])
      return ALLOW;
  }
  __sync_fetch_and_add(&sysctls.refused, 1);
  return REFUSE;
}

/* Whatever type of service is asked for, it is 0x28; an option of level OWN_LEVEL is taken by this program alone. */
SEC("?cgroup/setsockopt")
int on_setsockopt(struct bpf_sockopt* context) {
  __u8* value = context->optval;

  __sync_fetch_and_add(&options.calls, 1);
  if (context->level == SOL_IP_ && context->optname == IP_TOS_ && (void*)(value + 1) <= context->optval_end) {
    value[0] = 0x28;
    return ALLOW;
  }
  if (context->level == OWN_LEVEL)
    context->optlen = -1; /* not for the kernel */
  return ALLOW;
}

/* Options of level OWN_LEVEL are their own number. */
SEC("?cgroup/getsockopt")
int on_getsockopt(struct bpf_sockopt* context) {
  __u8* value = context->optval;

  __sync_fetch_and_add(&options.calls, 1);
  if (context->level != OWN_LEVEL || (void*)(value + 1) > context->optval_end)
    return ALLOW;
  value[0] = context->optname;
  context->optlen = 1;
  barrier(); /* the verifier takes no store of both in one */
  context->retval = 0;
  return ALLOW;
}

/* Of TCP: calls by operation, and changes of state by from * 16 + to. */
__u64 operations[32] = {};
__u64 changes[256] = {};

SEC("?sockops")
int on_tcp(struct bpf_sock_ops* context) {
  __u64 op = context->op;
  __u64 change;

  /* Masks that the compiler may not leave out: the verifier has to see them. */
  op &= 31;
  barrier_var(op);
  __sync_fetch_and_add(&operations[op], 1);
  switch (op) {
    case BPF_SOCK_OPS_TCP_CONNECT_CB:
    case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
      bpf_sock_ops_cb_flags_set(context, BPF_SOCK_OPS_STATE_CB_FLAG);
      break;
    case BPF_SOCK_OPS_STATE_CB:
      change = context->args[0] * 16 + context->args[1];
      change &= 255;
      barrier_var(change);
      __sync_fetch_and_add(&changes[change], 1);
      break;
    default:
      break;
  }
  return 1;
}

/* Three of one kind, to see who runs when. */
SEC("?cgroup/sock_create")
int order_one(struct bpf_sock* socket) {
  order = order * 10 + 1;
  return ALLOW;
}

SEC("?cgroup/sock_create")
int order_two(struct bpf_sock* socket) {
  order = order * 10 + 2;
  return ALLOW;
}

SEC("?cgroup/sock_create")
int order_three(struct bpf_sock* socket) {
  order = order * 10 + 3;
  return ALLOW;
}

SEC("?lsm_cgroup/socket_bind")
int BPF_PROG(on_lsm_bind, struct socket* socket, struct sockaddr* address, int length) {
  __sync_fetch_and_add(&lsm_calls, 1);
  return REFUSE;
}

char LICENSE[] SEC("license") = "GPL";
