/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

struct xdp_md {
  __u32 data;
  __u32 data_end;
};

SEC("freplace/verdict")
int replacement(struct xdp_md* context) {
  return 7;
}

char LICENSE[] SEC("license") = "GPL";
