/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

struct count {
  __u64 times;
  __u64 cpu;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct count);
} counts SEC(".maps");

const volatile __u64 step = 1;

SEC("tp/sched/sched_switch")
int on_switch(void* context) {
  __u32 key = 0;
  struct count* count = bpf_map_lookup_elem(&counts, &key);

  if (count)
    count->times += step;
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
