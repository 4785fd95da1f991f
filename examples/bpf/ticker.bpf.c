/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* When and where a timer ticked, and whom it interrupted. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

struct tick {
  __u64 time; /* CLOCK_MONOTONIC, ns */
  __u32 cpu;
  int pid;
};
FATHOM_EXPORT_TYPE(struct tick);

FATHOM_RINGBUF(ticks, 1024 * 1024);

SEC("perf_event")
int on_tick(struct bpf_perf_event_data* context) {
  struct tick* tick = fathom_ringbuf_reserve(ticks, sizeof(*tick));

  if (!tick)
    return 0;
  tick->time = bpf_ktime_get_ns();
  tick->cpu = bpf_get_smp_processor_id();
  tick->pid = (int)(bpf_get_current_pid_tgid() >> 32);
  bpf_ringbuf_submit(tick, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
