/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Programs that a timer runs. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

struct tick {
  __u64 time; /* CLOCK_MONOTONIC, ns */
  __u32 cpu;
  __u32 pid;
};
FATHOM_EXPORT_TYPE(struct tick);

FATHOM_RINGBUF(ticks, 1024 * 1024);

SEC("perf_event")
int on_tick(struct bpf_perf_event_data* context) {
  struct tick tick = {
      .time = bpf_ktime_get_ns(), .cpu = bpf_get_smp_processor_id(), .pid = (__u32)(bpf_get_current_pid_tgid() >> 32)};

  fathom_ringbuf_output(ticks, &tick, sizeof(tick));
  return 0;
}

/* Counts for itself. */
__u64 counted = 0;

SEC("perf_event")
int count_tick(struct bpf_perf_event_data* context) {
  __sync_fetch_and_add(&counted, 1);
  return 1;
}

/* What no timer runs. */
SEC("syscall")
int no_tick(void* context) {
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
