/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One program of each kind that sits at sockets or at a network namespace. Each counts what it saw; a test loads the
 * ones it wants. */
#include <network.bpf.h>

struct seen {
  __u64 calls;
  __u64 bytes;
};
struct seen seen = {};

static void count(__u64 bytes) {
  __sync_fetch_and_add(&seen.calls, 1);
  __sync_fetch_and_add(&seen.bytes, bytes);
}

/* How much of a packet passes; 0 drops it. */
__u32 keep = 0;

SEC("?socket")
int filter(struct __sk_buff* skb) {
  count(skb->len);
  return keep;
}

struct {
  __uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} group SEC(".maps");

__u32 chosen = 0;

SEC("?sk_reuseport")
int choose(struct sk_reuseport_md* context) {
  __u32 index = chosen;

  count(context->len);
  return bpf_sk_select_reuseport(context, &group, &index, 0) == 0 ? SK_PASS : SK_DROP;
}

struct {
  __uint(type, BPF_MAP_TYPE_SOCKMAP);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} peers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_SOCKHASH);
  __uint(max_entries, 4);
  __type(key, __u64);
  __type(value, __u64);
} named SEC(".maps");

__u32 first_port = 0;
__u32 last_port = 0;

static int assign(struct bpf_sk_lookup* context, __u32 index) {
  struct bpf_sock* socket;
  long error;

  if (context->local_port < first_port || context->local_port > last_port)
    return SK_PASS;
  count(0);
  socket = bpf_map_lookup_elem(&peers, &index);
  if (!socket)
    return SK_DROP;
  error = bpf_sk_assign(context, socket, 0);
  bpf_sk_release(socket);
  return error ? SK_DROP : SK_PASS;
}

SEC("?sk_lookup")
int steer(struct bpf_sk_lookup* context) {
  return assign(context, 0);
}

SEC("?sk_lookup")
int steer_elsewhere(struct bpf_sk_lookup* context) {
  return assign(context, 1);
}

/* Says that whatever comes is UDP from port 1000 to port 2000. */
SEC("?flow_dissector")
int dissect(struct __sk_buff* skb) {
  struct bpf_flow_keys* keys = skb->flow_keys;

  count(0);
  keys->addr_proto = 0x0800;
  keys->ip_proto = 17;
  keys->sport = bpf_htons(1000);
  keys->dport = bpf_htons(2000);
  return BPF_OK;
}

SEC("?flow_dissector")
int dissect_nothing(struct __sk_buff* skb) {
  return BPF_DROP;
}

/* All to the peer of index 1. */
SEC("?sk_msg")
int forward_written(struct sk_msg_md* message) {
  count(message->size);
  return bpf_msg_redirect_map(message, &peers, 1, BPF_F_INGRESS);
}

SEC("?sk_msg")
int forward_by_name(struct sk_msg_md* message) {
  __u64 name = 77;

  count(message->size);
  return bpf_msg_redirect_hash(message, &named, &name, BPF_F_INGRESS);
}

SEC("?sk_msg")
int drop_written(struct sk_msg_md* message) {
  count(message->size);
  return SK_DROP;
}

/* Messages of at most ten bytes. */
SEC("?sk_skb/stream_parser")
int parse(struct __sk_buff* skb) {
  return skb->len < 10 ? skb->len : 10;
}

SEC("?sk_skb/stream_verdict")
int forward_stream(struct __sk_buff* skb) {
  count(skb->len);
  return bpf_sk_redirect_map(skb, &peers, 1, 0);
}

SEC("?sk_skb/verdict")
int forward_received(struct __sk_buff* skb) {
  count(skb->len);
  return bpf_sk_redirect_map(skb, &peers, 1, 0);
}

SEC("?sk_skb")
int pass(struct __sk_buff* skb) {
  count(skb->len);
  return SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
