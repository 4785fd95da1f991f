/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A TCP congestion control that does nothing clever. */
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct tcp_congestion_ops {
  __u32 (*ssthresh)(struct sock* sk);
  void (*cong_avoid)(struct sock* sk, __u32 ack, __u32 acked);
  __u32 (*undo_cwnd)(struct sock* sk);
  char name[16];
};
#pragma clang attribute pop

SEC("struct_ops/ssthresh")
__u32 BPF_PROG(on_ssthresh, struct sock* sk) {
  return 2;
}

SEC("struct_ops/cong_avoid")
void BPF_PROG(on_cong_avoid, struct sock* sk, __u32 ack, __u32 acked) {}

SEC("struct_ops/undo_cwnd")
__u32 BPF_PROG(on_undo_cwnd, struct sock* sk) {
  return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops congestion = {
    .ssthresh = (void*)on_ssthresh,
    .cong_avoid = (void*)on_cong_avoid,
    .undo_cwnd = (void*)on_undo_cwnd,
    .name = "fathom_test",
};

char LICENSE[] SEC("license") = "GPL";
