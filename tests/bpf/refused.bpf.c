/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the verifier refuses, what names nothing, and what it works long on. None is loaded unless a test asks. */
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

SEC("?raw_tp/sys_enter")
int no_null_check(void* context) {
  __u32 key = 0;
  __u64* value = bpf_map_lookup_elem(&numbers, &key);

  return (int)*value;
}

/* The verifier goes round the loop once for each time, and tells it at log level 2: some 130 bytes an instruction. */
SEC("?raw_tp/sys_enter")
int long_loop(void* context) {
  __u64 sum = 0;
  __u32 i;
  __u32 key = 9;
  __u64* value = bpf_map_lookup_elem(&numbers, &key);

  for (i = 0; i < 6000; i++) {
    sum += i;
    __asm__ volatile("%[sum] ^= 1" : [sum] "+r"(sum));
  }
  return (int)(sum + *value);
}

SEC("?tp_btf/sched_swich")
int misspelt_tracepoint(void* context) {
  return 0;
}

SEC("?tracepint/syscalls/sys_enter_openat")
int unknown_section(void* context) {
  return 0;
}

SEC("?fentry/vfs_read")
int on_vfs_read(void* context) {
  return 0;
}

SEC("?tcx/ingress")
int newer_section(void* context) {
  return 0;
}

SEC("?raw_tp/sys_enter")
int harmless(void* context) {
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
