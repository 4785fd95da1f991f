/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Two programs with a global function each, which another object's program takes the place of. */
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

struct xdp_md {
  __u32 data;
  __u32 data_end;
};

__attribute__((noinline)) int verdict(struct xdp_md* context) {
  volatile int result = 2;

  return context ? result : 0;
}

__attribute__((noinline)) int other_verdict(struct xdp_md* context) {
  volatile int result = 3;

  return context ? result : 0;
}

SEC("xdp")
int filter(struct xdp_md* context) {
  return verdict(context) + other_verdict(context) * 10;
}

char LICENSE[] SEC("license") = "GPL";
