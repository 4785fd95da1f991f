/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A stack at each tick of a perf event, for fathom::Profiler: one after the other into a ring, so that user space knows
 * the order in which they and the mappings of processes came. Each tick is in exactly one of: the ring, and the
 * counters `idle_ticks` and `samples_lost`.
 */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include <stack_sample.bpf.h>
#include <task_ids.bpf.h>

#define BPF_RB_AVAIL_DATA 0
#define BPF_RB_NO_WAKEUP 1
#define BPF_RB_FORCE_WAKEUP 2

/* What is written ends with the last address. */
struct on_cpu_sample {
  __u64 time; /* CLOCK_MONOTONIC, ns */
  __u32 pid;
  __u32 tid;
  char comm[TASK_COMM_LEN];
  struct stack_addresses stack;
};
FATHOM_EXPORT_TYPE(struct on_cpu_sample);

FATHOM_RINGBUF(samples, 4096); /* the size is set before load */

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct on_cpu_sample);
} scratch SEC(".maps");

const volatile bool with_idle = false;
const volatile __u64 wake_at = 0; /* bytes in the ring at which the reader is woken: seldom, for that costs a switch */

__u64 ticks = 0;
__u64 idle_ticks = 0; /* left out */

SEC("perf_event")
int on_tick(struct bpf_perf_event_data* context) {
  struct task_struct* task = (void*)bpf_get_current_task();
  struct on_cpu_sample* sample;
  __u32 zero = 0, size;
  __u64 flags;

  __sync_fetch_and_add(&ticks, 1);
  if (!BPF_CORE_READ(task, pid) && !with_idle) {
    __sync_fetch_and_add(&idle_ticks, 1);
    return 0;
  }
  sample = bpf_map_lookup_elem(&scratch, &zero);
  if (!sample)
    return 0;
  sample->time = bpf_ktime_get_ns();
  sample->pid = pid_of(task);
  sample->tid = tid_of(task);
  bpf_get_current_comm(sample->comm, sizeof(sample->comm));
  read_stack(context, &sample->stack, BPF_CORE_READ(task, mm) != 0);
  size = sizeof(*sample) - sizeof(sample->stack.addresses) +
         (sample->stack.kernel + sample->stack.user) * sizeof(sample->stack.addresses[0]);
  if (size > sizeof(*sample)) /* for the verifier */
    size = sizeof(*sample);
  flags = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA) >= wake_at ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
  if (bpf_ringbuf_output(&samples, sample, size, flags))
    __sync_fetch_and_add(&samples_lost, 1);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
