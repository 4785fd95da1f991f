/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Packets, with a header of a protocol and a type of the kernel's own beside what programs are given. */
#include <fathom.bpf.h>
#include <network.bpf.h>

#include <bpf/bpf_core_read.h>
#include <linux/ip.h>

__u64 packets = 0;

SEC("xdp")
int on_packet(struct xdp_md* context) {
  struct ethhdr* ethernet = (void*)(long)context->data;
  struct iphdr* ip = (void*)(ethernet + 1);

  if ((void*)(ip + 1) > (void*)(long)context->data_end || ethernet->h_proto != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  __sync_fetch_and_add(&packets, 1);
  return ip->ttl == 0 ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int on_skb(struct __sk_buff* skb) {
  struct sk_buff* kernels = (void*)skb;

  return BPF_CORE_READ(kernels, len) == 0 ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
