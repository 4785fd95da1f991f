/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Timers that keep what they saw. */
#include <kernel_types.bpf.h>
#include <timer.bpf.h>

enum { TICKS = 8192 };

/* What one timer's function saw; written by nobody else. */
struct seen {
  __u64 calls;
  __u64 off_grid;     /* ticks outside the slot that they are said to be in */
  __u64 out_of_order; /* slots that are not behind the last one */
  __u64 last_slot;
  __u64 other_cpu; /* ticks on another CPU than the first */
  __u64 cpu;
  __u64 period;      /* which user space tells */
  __u64 late[TICKS]; /* ns after the slot's begin, of the first ticks */
};

struct seen fast_seen = {};
struct seen slow_seen = {};
/* How long a call of `fast` takes, in rounds of the loop below. */
__u64 rounds = 0;

static long one_round(__u32 i, void* context) {
  __u64* sum = context;

  *sum += bpf_ktime_get_ns();
  return 0;
}

static __always_inline void note(struct seen* seen, const struct fathom_tick* tick) {
  __u32 cpu = bpf_get_smp_processor_id();
  __u64 calls = seen->calls;

  if (tick->now < tick->due || tick->now - tick->due >= seen->period)
    seen->off_grid += 1;
  if (tick->slot <= seen->last_slot)
    seen->out_of_order += 1;
  if (calls == 0)
    seen->cpu = cpu;
  else if (seen->cpu != cpu)
    seen->other_cpu += 1;
  if (calls < TICKS)
    seen->late[calls & (TICKS - 1)] = tick->now - tick->due;
  seen->last_slot = tick->slot;
  seen->calls = calls + 1;
}

static void on_fast(const struct fathom_tick* tick) {
  __u64 sum = 0;

  note(&fast_seen, tick);
  if (rounds)
    bpf_loop(rounds, one_round, &sum, 0);
}

static void on_slow(const struct fathom_tick* tick) {
  note(&slow_seen, tick);
}

FATHOM_TIMER(fast, on_fast);
FATHOM_TIMER(slow, on_slow);

char LICENSE[] SEC("license") = "GPL";
