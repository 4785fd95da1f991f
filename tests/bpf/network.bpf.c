/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Programs for network devices. All count the frames of the Ethernet type for experiments, by the byte that the payload
 * begins with, and let all others pass; a test loads those it wants.
 */
#include <network.bpf.h>

#define ETH_P_EXPERIMENT 0x88b5
#define MARKS 8

struct seen {
  __u64 frames[MARKS]; /* by mark */
  __u64 bytes;
};

struct seen seen = {};        /* of the program that is attached to a device */
struct seen seen_in_map = {}; /* of the one that is set in a map */
struct seen seen_out = {};
__u64 order = 0; /* the numbers of the programs that ran, as decimal digits */

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __uint(value_size, 8);
} devices SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_CPUMAP);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __uint(value_size, 8);
} cpus SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __uint(value_size, 4);
} sockets SEC(".maps");

struct frame {
  struct ethhdr ethernet;
  __u8 mark;
} __attribute__((packed));

/* The mark of a frame of ours; 0 of all others. */
static __u32 count(void* data, void* data_end, __u32 length, struct seen* into) {
  struct frame* frame = data;

  if ((void*)(frame + 1) > data_end || frame->ethernet.h_proto != bpf_htons(ETH_P_EXPERIMENT))
    return 0;
  __sync_fetch_and_add(&into->frames[frame->mark % MARKS], 1);
  __sync_fetch_and_add(&into->bytes, length);
  return frame->mark % MARKS;
}

static __u32 count_xdp(struct xdp_md* context, struct seen* into) {
  void* data = (void*)(long)context->data;
  void* data_end = (void*)(long)context->data_end;

  return count(data, data_end, context->data_end - context->data, into);
}

static __u32 count_skb(struct __sk_buff* skb, struct seen* into) {
  return count((void*)(long)skb->data, (void*)(long)skb->data_end, skb->len, into);
}

/* The mark says what is done: that of enum xdp_action, or to whom it is redirected. */
SEC("?xdp")
int on_xdp(struct xdp_md* context) {
  switch (count_xdp(context, &seen)) {
    case 1:
      return XDP_DROP;
    case 3:
      return XDP_TX;
    case 4:
      return bpf_redirect_map(&devices, 0, XDP_ABORTED);
    case 5:
      return bpf_redirect_map(&cpus, 0, XDP_ABORTED);
    case 6:
      return bpf_redirect_map(&sockets, context->rx_queue_index, XDP_ABORTED);
    default:
      return XDP_PASS;
  }
}

SEC("?xdp")
int drop_all(struct xdp_md* context) {
  return count_xdp(context, &seen) ? XDP_DROP : XDP_PASS;
}

SEC("?xdp")
int pass_all(struct xdp_md* context) {
  count_xdp(context, &seen);
  return XDP_PASS;
}

SEC("?xdp.frags")
int on_frags(struct xdp_md* context) {
  if (count_xdp(context, &seen)) /* which adds up the first fragments */
    __sync_fetch_and_add(&seen_in_map.bytes, bpf_xdp_get_buff_len(context));
  return XDP_PASS;
}

SEC("?xdp/devmap")
int on_devmap(struct xdp_md* context) {
  count_xdp(context, &seen_in_map);
  return XDP_PASS;
}

SEC("?xdp/cpumap")
int on_cpumap(struct xdp_md* context) {
  count_xdp(context, &seen_in_map);
  return XDP_PASS;
}

/* What a test run gives the program: 4 bytes of metadata, the device's index, and a packet that gets shorter. */
SEC("?xdp")
int on_context(struct xdp_md* context) {
  __u32* meta = (void*)(long)context->data_meta;
  __u32 sum = context->ingress_ifindex * 1000;

  if ((void*)(meta + 1) <= (void*)(long)context->data)
    sum += *meta;
  bpf_xdp_adjust_tail(context, -10);
  return sum;
}

SEC("?tc")
int on_skb_context(struct __sk_buff* skb) {
  const __u8 first = 0xaa;

  bpf_skb_store_bytes(skb, 0, &first, sizeof(first), 0);
  skb->cb[1] = skb->cb[0] * 2;
  return skb->mark + skb->priority;
}

/* Mark 1 is dropped; with all others the next program goes on. */
SEC("?tc")
int on_tc(struct __sk_buff* skb) {
  return count_skb(skb, &seen) == 1 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("?tc")
int on_tc_out(struct __sk_buff* skb) {
  return count_skb(skb, &seen_out) == 1 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* The names that older tools gave: the same as "tc", and an action of a filter, which tc itself attaches. */
SEC("?classifier")
int on_classifier(struct __sk_buff* skb) {
  count_skb(skb, &seen);
  return TC_ACT_OK;
}

SEC("?action")
int on_action(struct __sk_buff* skb) {
  return TC_ACT_OK;
}

SEC("?tcx/ingress")
int on_tcx(struct __sk_buff* skb) {
  return count_skb(skb, &seen) == 1 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("?tcx/egress")
int on_tcx_out(struct __sk_buff* skb) {
  return count_skb(skb, &seen_out) == 1 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("?netkit/primary")
int on_netkit(struct __sk_buff* skb) {
  return count_skb(skb, &seen) == 1 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("?netkit/peer")
int on_netkit_peer(struct __sk_buff* skb) {
  return count_skb(skb, &seen_out) == 1 ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

static int step(struct __sk_buff* skb, int number) {
  if (count_skb(skb, &seen))
    order = order * 10 + number;
  return TC_ACT_UNSPEC;
}

SEC("?tc")
int step_1(struct __sk_buff* skb) {
  return step(skb, 1);
}

SEC("?tc")
int step_2(struct __sk_buff* skb) {
  return step(skb, 2);
}

SEC("?tc")
int step_3(struct __sk_buff* skb) {
  return step(skb, 3);
}

char LICENSE[] SEC("license") = "GPL";
