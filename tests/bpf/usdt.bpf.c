/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <bpf/usdt.bpf.h>

__u64 calls = 0;
__u64 arguments = 0;
__u64 cookies = 0;

SEC("usdt")
int BPF_USDT(on_probe, long first, long second) {
  __sync_fetch_and_add(&calls, 1);
  __sync_fetch_and_add(&arguments, first * 1000 + second);
  __sync_fetch_and_add(&cookies, bpf_usdt_cookie(ctx));
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
