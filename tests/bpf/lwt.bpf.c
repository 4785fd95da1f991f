/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A program of each kind that routes have: they count. */
#include <network.bpf.h>

__u64 packets = 0;
__u64 bytes = 0;
int verdict = BPF_OK;

static int count(struct __sk_buff* skb) {
  __sync_fetch_and_add(&packets, 1);
  __sync_fetch_and_add(&bytes, skb->len);
  return verdict;
}

SEC("?lwt_in")
int on_in(struct __sk_buff* skb) {
  return count(skb);
}

SEC("?lwt_out")
int on_out(struct __sk_buff* skb) {
  return count(skb);
}

SEC("?lwt_xmit")
int on_xmit(struct __sk_buff* skb) {
  return count(skb);
}

SEC("?lwt_seg6local")
int on_segment(struct __sk_buff* skb) {
  return count(skb);
}

char LICENSE[] SEC("license") = "GPL";
