/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Two TCP congestion controls of one name, which take each other's place, and tell which was there. */
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct tcp_congestion_ops {
  __u32 (*ssthresh)(struct sock* sk);
  void (*cong_avoid)(struct sock* sk, __u32 ack, __u32 acked);
  __u32 (*undo_cwnd)(struct sock* sk);
  void (*init)(struct sock* sk);
  char name[16];
};
#pragma clang attribute pop

__u64 first_calls = 0;
__u64 second_calls = 0;

SEC("struct_ops/ssthresh")
__u32 BPF_PROG(link_ssthresh, struct sock* sk) {
  return 2;
}

SEC("struct_ops/cong_avoid")
void BPF_PROG(link_cong_avoid, struct sock* sk, __u32 ack, __u32 acked) {}

SEC("struct_ops/undo_cwnd")
__u32 BPF_PROG(link_undo_cwnd, struct sock* sk) {
  return 2;
}

SEC("struct_ops/init")
void BPF_PROG(first_init, struct sock* sk) {
  __sync_fetch_and_add(&first_calls, 1);
}

SEC("struct_ops/init")
void BPF_PROG(second_init, struct sock* sk) {
  __sync_fetch_and_add(&second_calls, 1);
}

SEC(".struct_ops.link")
struct tcp_congestion_ops first = {
    .ssthresh = (void*)link_ssthresh,
    .cong_avoid = (void*)link_cong_avoid,
    .undo_cwnd = (void*)link_undo_cwnd,
    .init = (void*)first_init,
    .name = "fathom_link",
};

SEC(".struct_ops.link")
struct tcp_congestion_ops second = {
    .ssthresh = (void*)link_ssthresh,
    .cong_avoid = (void*)link_cong_avoid,
    .undo_cwnd = (void*)link_undo_cwnd,
    .init = (void*)second_init,
    .name = "fathom_link",
};

char LICENSE[] SEC("license") = "GPL";
