/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Drops what goes to one port of UDP, and counts it. */
#include <kernel_types.bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define NF_DROP 0
#define NF_ACCEPT 1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sk_buff___filtered {
  unsigned int len;
  __u16 transport_header;
  unsigned char* head;
};
struct bpf_nf_ctx {
  void* state;
  struct sk_buff___filtered* skb;
};
#pragma clang attribute pop

struct udp_header {
  __be16 source;
  __be16 dest;
};

__u64 accepted = 0;
__u64 dropped = 0;
__u64 dropped_bytes = 0;
__u16 closed_port = 0;

SEC("?netfilter")
int guard(struct bpf_nf_ctx* context) {
  struct sk_buff___filtered* skb = context->skb;
  struct udp_header header = {};

  bpf_probe_read_kernel(&header, sizeof(header), skb->head + skb->transport_header);
  if (bpf_ntohs(header.dest) != closed_port) {
    __sync_fetch_and_add(&accepted, 1);
    return NF_ACCEPT;
  }
  __sync_fetch_and_add(&dropped, 1);
  __sync_fetch_and_add(&dropped_bytes, skb->len);
  return NF_DROP;
}

char LICENSE[] SEC("license") = "GPL";
