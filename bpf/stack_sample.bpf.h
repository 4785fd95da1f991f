/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The kernel and user stack of the task that runs, for the programs of the profiler. */
#pragma once

#include <bpf/bpf_helpers.h>

/* What kernel.perf_event_max_stack is by default. */
#define STACK_DEPTH 127
#define STACK_BYTES (STACK_DEPTH * sizeof(__u64))

/* Addresses, innermost first: those of the kernel, then those of user space. */
struct stack_addresses {
  __u32 kernel; /* how many are the kernel's */
  __u32 user;   /* how many behind them are user space's */
  __u64 addresses[2 * STACK_DEPTH];
};

/* Set once, before load. */
const volatile bool kernel_stacks = true;
const volatile bool user_stacks = true;
const volatile __u32 stack_depth = STACK_DEPTH; /* the least of this and that setting: bpf_get_stack() gives no more */

/* Stacks of `stack_depth` addresses, which are or may be cut; tasks with a user space whose stack could not be read. */
__u64 stacks_cut = 0;
__u64 user_stacks_missing = 0;

static __always_inline __u32 stack_part(void* context, __u64* to, __u64 flags) {
  long bytes = bpf_get_stack(context, to, STACK_BYTES, flags);

  if (bytes <= 0)
    return 0;
  if (bytes >= (long)(stack_depth * sizeof(__u64)))
    __sync_fetch_and_add(&stacks_cut, 1);
  return (__u32)bytes / sizeof(__u64);
}

/* The stack of the current task; `has_user_space` is false for a kernel thread. */
static __always_inline void read_stack(void* context, struct stack_addresses* stack, bool has_user_space) {
  __u32 kernel = 0, user = 0;

  if (kernel_stacks)
    kernel = stack_part(context, stack->addresses, 0);
  if (kernel > STACK_DEPTH) /* for the verifier */
    kernel = STACK_DEPTH;
  if (user_stacks && has_user_space) {
    user = stack_part(context, stack->addresses + kernel, BPF_F_USER_STACK);
    if (!user)
      __sync_fetch_and_add(&user_stacks_missing, 1);
  }
  stack->kernel = kernel;
  stack->user = user > STACK_DEPTH ? STACK_DEPTH : user;
}
