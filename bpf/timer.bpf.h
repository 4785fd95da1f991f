/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * FATHOM_TIMER: a function that the kernel calls every period, by a bpf_timer. fathom::BpfTimer starts and stops it
 * from C++ and says how many of its ticks came. Include this after the kernel's types (kernel_types.bpf.h, or a
 * vmlinux.h). Linux 5.15; the license of the object has to be GPL-compatible, since bpf_timer_start() asks for that.
 */
#pragma once

#include <bpf/bpf_helpers.h>

/*
 * What the function is told of a tick. Slot n of a timer begins at start + n * period and ends where the next begins. A
 * tick belongs to the slot in which the kernel calls; slots that went by without a call are skipped, never made up for.
 */
struct fathom_tick {
  __u64 slot; /* 1 for the first after start() */
  __u64 due;  /* CLOCK_MONOTONIC, ns: when the slot began */
  __u64 now;  /* the same clock: when the kernel called */
};

/* The value of the timer's map. BpfTimer reads it. */
struct fathom_timer {
  struct bpf_timer timer;
  __u64 start;  /* CLOCK_MONOTONIC, ns */
  __u64 period; /* ns */
  __u64 next;   /* the slot that the kernel is to call for */
  __u64 delivered;
  __u64 skipped;
  __u64 stopped; /* when, after it was stopped */
  __u32 running;
  __u32 flags; /* of bpf_timer_start(); 0 where it takes none */
};

/* What BpfTimer asks of the program <name>_control. */
struct fathom_timer_request {
  __u64 period;
  __u64 now; /* out, of TELL_NOW: the clock of `start`, which no time namespace shifts */
  __u32 what;
  __u32 pin; /* to the CPU on which it is asked */
};

enum {
  FATHOM_TIMER_START = 1,
  FATHOM_TIMER_STOP = 2,
  FATHOM_TIMER_TELL_NOW = 3,
};

enum {
  FATHOM_TIMER_MONOTONIC = 1, /* CLOCK_MONOTONIC */
  FATHOM_TIMER_ABS = 1,       /* BPF_F_TIMER_ABS, Linux 6.4 */
  FATHOM_TIMER_CPU_PIN = 2,   /* BPF_F_TIMER_CPU_PIN, Linux 6.7 */
  FATHOM_TIMER_EBUSY = 16,
  FATHOM_TIMER_EINVAL = 22,
  FATHOM_TIMER_ENOENT = 2,
  FATHOM_TIMER_EOPNOTSUPP = 95,
};

/* For the begin of the next slot, counted from the start: lateness does not add up. */
static __always_inline long fathom_timer_arm(struct fathom_timer* timer) {
  __u64 due = timer->start + timer->next * timer->period, now;

  if (timer->flags)
    return bpf_timer_start(&timer->timer, due, timer->flags);
  now = bpf_ktime_get_ns();
  return bpf_timer_start(&timer->timer, due > now ? due - now : 0, 0);
}

/* Whether the call is a tick; then it is counted. */
static __always_inline int fathom_timer_tick(struct fathom_timer* timer, struct fathom_tick* tick) {
  __u64 slot = timer->next, now = bpf_ktime_get_ns(), due = timer->start + slot * timer->period;

  if (now < due) /* one of before a new start */
    return 0;
  if (now - due >= timer->period) {
    slot = (now - timer->start) / timer->period;
    due = timer->start + slot * timer->period;
    timer->skipped += slot - timer->next;
  }
  timer->next = slot + 1;
  timer->delivered += 1;
  tick->slot = slot;
  tick->due = due;
  tick->now = now;
  return 1;
}

/* The rest of a start: what needs no name. */
static __always_inline int fathom_timer_begin(struct fathom_timer* timer, struct fathom_timer_request* request) {
  long error;

  timer->period = request->period;
  timer->next = 1;
  timer->delivered = timer->skipped = timer->stopped = 0;
  timer->flags = FATHOM_TIMER_ABS | (request->pin ? FATHOM_TIMER_CPU_PIN : 0);
  timer->start = bpf_ktime_get_ns();
  timer->running = 1;
  error = fathom_timer_arm(timer);
  if (error == -FATHOM_TIMER_EINVAL) { /* what kernels say that do not know a flag */
    timer->flags = 0;
    error = request->pin ? -FATHOM_TIMER_EOPNOTSUPP : fathom_timer_arm(timer);
  }
  if (error) {
    timer->running = 0;
    bpf_timer_cancel(&timer->timer);
  }
  return error;
}

/*
 * Waits for a call that is under way. What was due and did not come counts as skipped. Nothing is left to do where
 * BpfTimer::stop_pinned() has been.
 */
static __always_inline int fathom_timer_end(struct fathom_timer* timer) {
  long error;
  __u64 slots;

  if (!timer->running)
    return 0;
  timer->running = 0;
  error = bpf_timer_cancel(&timer->timer);
  timer->stopped = bpf_ktime_get_ns();
  slots = (timer->stopped - timer->start) / timer->period;
  timer->skipped = slots > timer->delivered ? slots - timer->delivered : 0;
  return error < 0 ? error : 0;
}

/*
 * FATHOM_TIMER(sample, on_sample): the timer `sample`, which calls `static void on_sample(const struct fathom_tick*)`.
 * It makes a map `sample` of one entry and a program `sample_control`, with which BpfTimer(bpf, "sample", ...) starts
 * and stops it. The function runs in softirq context on whatever CPU the timer is, in no process that means anything;
 * calls of one timer never overlap. One function may serve several timers.
 */
#define FATHOM_TIMER(name, callback)                                                        \
  struct {                                                                                  \
    __uint(type, BPF_MAP_TYPE_ARRAY);                                                       \
    __uint(max_entries, 1);                                                                 \
    __type(key, __u32);                                                                     \
    __type(value, struct fathom_timer);                                                     \
  } name SEC(".maps");                                                                      \
                                                                                            \
  static int name##_fired(void* map, __u32* key, struct fathom_timer* timer) {              \
    struct fathom_tick tick;                                                                \
                                                                                            \
    if (!timer->running)                                                                    \
      return 0;                                                                             \
    if (fathom_timer_tick(timer, &tick))                                                    \
      callback(&tick);                                                                      \
    fathom_timer_arm(timer);                                                                \
    return 0;                                                                               \
  }                                                                                         \
                                                                                            \
  SEC("syscall") int name##_control(struct fathom_timer_request* request) {                 \
    __u32 key = 0;                                                                          \
    struct fathom_timer* timer = bpf_map_lookup_elem(&name, &key);                          \
    long error;                                                                             \
                                                                                            \
    if (!timer)                                                                             \
      return -FATHOM_TIMER_ENOENT;                                                          \
    if (request->what == FATHOM_TIMER_STOP)                                                 \
      return fathom_timer_end(timer);                                                       \
    if (request->what == FATHOM_TIMER_TELL_NOW) {                                           \
      request->now = bpf_ktime_get_ns();                                                    \
      return 0;                                                                             \
    }                                                                                       \
    if (request->what != FATHOM_TIMER_START)                                                \
      return -FATHOM_TIMER_EINVAL;                                                          \
    if (timer->running)                                                                     \
      return -FATHOM_TIMER_EBUSY;                                                           \
    error = bpf_timer_init(&timer->timer, &name, FATHOM_TIMER_MONOTONIC);                   \
    if (error && error != -FATHOM_TIMER_EBUSY) /* it has been one since an earlier start */ \
      return error;                                                                         \
    error = bpf_timer_set_callback(&timer->timer, name##_fired);                            \
    return error ? error : fathom_timer_begin(timer, request);                              \
  }                                                                                         \
  struct fathom_timer_needs_a_semicolon
