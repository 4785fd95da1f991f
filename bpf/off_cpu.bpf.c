/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Time off CPU, for fathom::OffCpuProfiler: from the switch away from a task to the switch back, added up in the kernel
 * by task, state and stack. Each interval that began is in exactly one of: the entries, those that have not ended
 * (`since` of threads), and the counters below.
 */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <stack_sample.bpf.h>
#include <task_ids.bpf.h>

/* include/linux/sched.h since Linux 4.14: the task has ended, and never comes back. */
#define TASK_DEAD 0x80

/* Before Linux 5.14 (commit 2f064a59a11f). */
struct task_struct___state {
  long state;
} __attribute__((preserve_access_index));

struct off_cpu_key {
  __u64 stack; /* of `stacks`; 0: there was no room */
  __u32 pid;
  __u32 tid;
  __u32 state;     /* the task's __state when it went, or 0 if it was preempted */
  __u32 preempted; /* 1: it would have gone on */
  __u32 exec_id;   /* what the process was then, by task_struct.self_exec_id */
  __u32 reserved;
};

struct off_cpu_total {
  __u64 time;    /* ns off CPU */
  __u64 waiting; /* of these, ns in which it could have run */
  __u64 count;   /* intervals */
  __u64 last;    /* CLOCK_MONOTONIC, ns: when the last one began */
  char comm[TASK_COMM_LEN];
};

struct off_cpu_thread {
  struct off_cpu_key key;
  __u64 since; /* CLOCK_MONOTONIC, ns: when it went; 0: it is on a CPU */
  __u64 woken; /* when it could run again; 0: not yet */
  char comm[TASK_COMM_LEN];
};

/* By number in the initial namespace. The sizes are set before load. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct off_cpu_thread);
} threads SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, struct off_cpu_key);
  __type(value, struct off_cpu_total);
} totals SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u64);
  __type(value, struct stack_addresses);
} stacks SEC(".maps");

/* Processes that are watched, by their numbers in the initial namespace. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} processes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct stack_addresses);
} scratch SEC(".maps");

const volatile bool everybody = true; /* or only `processes` */
const volatile __u64 cgroup = 0;      /* if not 0, of everybody those in this one of version 2, or below it */
const volatile bool follow = true;    /* and whom they make */
const volatile __u64 began_at = 0;    /* CLOCK_MONOTONIC, ns */
/*
 * Whether sched_switch says in what state the task goes: Linux 5.18. Its __state may be that of a wake-up by then.
 */
const volatile bool tells_state = false;

/*
 * Set when all programs are attached, and cleared before they are detached: while the kernel patches the places that
 * call a tracepoint, some of them do already and others do not, and a switch back might be missed.
 */
bool running = false;
__u32 asked = 0; /* the process to watch, by its number in our namespace, until it is met */

__u64 intervals = 0;      /* began */
__u64 ends_missed = 0;    /* of these, began again without having ended */
__u64 threads_full = 0;   /* threads that found no room: their interval is not seen */
__u64 totals_full = 0;    /* intervals that ended, and found no room */
__u64 stacks_full = 0;    /* intervals whose stack found no room */
__u64 processes_full = 0; /* children that are not followed */
__u64 began_before = 0;   /* threads that came back, and had gone before we looked */

/* Cgroups may be nested so deep for us; a limit for the kernel there is none. */
#define CGROUP_LEVELS 32

static __always_inline bool is_in_cgroup(struct task_struct* task) {
  struct cgroup* at = BPF_CORE_READ(task, cgroups, dfl_cgrp);
  struct cgroup_subsys_state* parent;
  int level;

  for (level = 0; level < CGROUP_LEVELS; level++) {
    if (BPF_CORE_READ(at, kn, id) == cgroup)
      return true;
    parent = BPF_CORE_READ(at, self.parent);
    if (!parent)
      break;
    at = (void*)parent - bpf_core_field_offset(at->self);
  }
  return false;
}

/* The idle task of a CPU, which has the number 0, never is; nor is who has none in our namespace. */
static __always_inline bool is_watched(struct task_struct* task) {
  __u32 pid = BPF_CORE_READ(task, tgid), one = 1;

  if (!pid)
    return false;
  if (everybody)
    return (!pid_namespace || pid_of(task)) && (!cgroup || is_in_cgroup(task));
  if (bpf_map_lookup_elem(&processes, &pid))
    return true;
  if (!asked || pid_of(task) != asked)
    return false;
  asked = 0;
  return bpf_map_update_elem(&processes, &pid, &one, BPF_ANY) == 0;
}

static __always_inline __u32 state_of(struct task_struct* task) {
  struct task_struct___state* old = (void*)task;

  if (bpf_core_field_exists(task->__state))
    return BPF_CORE_READ(task, __state);
  return BPF_CORE_READ(old, state);
}

/* Which stack this is: 64 bits over all addresses, so that no two in a profile are likely to be taken for one. */
static __always_inline __u64 stack_hash(const struct stack_addresses* stack) {
  __u64 hash = 0x9e3779b97f4a7c15ULL ^ ((__u64)stack->kernel << 32) ^ stack->user;
  __u32 count = stack->kernel + stack->user, i;

  for (i = 0; i < 2 * STACK_DEPTH; i++) {
    if (i >= count)
      break;
    hash = (hash ^ stack->addresses[i]) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 32;
  }
  return hash ? hash : 1;
}

static __always_inline __u64 remember_stack(void* context, bool has_user_space) {
  struct stack_addresses* stack;
  __u32 zero = 0;
  __u64 hash;
  long error;

  stack = bpf_map_lookup_elem(&scratch, &zero);
  if (!stack)
    return 0;
  read_stack(context, stack, has_user_space);
  hash = stack_hash(stack);
  if (bpf_map_lookup_elem(&stacks, &hash))
    return hash;
  error = bpf_map_update_elem(&stacks, &hash, stack, BPF_NOEXIST);
  if (!error || error == -17 /* EEXIST: another CPU was faster */)
    return hash;
  __sync_fetch_and_add(&stacks_full, 1);
  return 0;
}

/* It never comes back, and may have no number in any namespace any more. */
static __always_inline void end(struct task_struct* task) {
  struct off_cpu_thread* known;
  __u32 tid = BPF_CORE_READ(task, pid);

  known = bpf_map_lookup_elem(&threads, &tid);
  if (known && known->since)
    __sync_fetch_and_add(&ends_missed, 1);
  bpf_map_delete_elem(&threads, &tid);
}

static __always_inline void leave(void* context, struct task_struct* task, __u32 state, bool preempt, __u64 now) {
  struct off_cpu_thread gone = {}, *known;
  __u32 tid = BPF_CORE_READ(task, pid);

  gone.key.pid = pid_of(task);
  gone.key.tid = tid_of(task);
  gone.key.state = state;
  gone.key.preempted = preempt;
  gone.key.exec_id = BPF_CORE_READ(task, self_exec_id);
  gone.key.stack = remember_stack(context, BPF_CORE_READ(task, mm) != 0);
  gone.since = now;
  if (preempt || state == 0)
    gone.woken = now;
  bpf_get_current_comm(gone.comm, sizeof(gone.comm));
  __sync_fetch_and_add(&intervals, 1);
  known = bpf_map_lookup_elem(&threads, &tid);
  if (known) {
    if (known->since)
      __sync_fetch_and_add(&ends_missed, 1);
    *known = gone;
  } else if (bpf_map_update_elem(&threads, &tid, &gone, BPF_ANY)) {
    __sync_fetch_and_add(&threads_full, 1);
  }
}

/* Also of who is watched no more: what began is to end. */
static __always_inline void come(struct task_struct* task, __u64 now) {
  struct off_cpu_total first = {}, *total;
  struct off_cpu_thread* thread;
  __u32 tid = BPF_CORE_READ(task, pid);
  __u64 time, waiting;

  thread = bpf_map_lookup_elem(&threads, &tid);
  if (!thread || !thread->since) {
    if (!thread && !threads_full && BPF_CORE_READ(task, start_time) < began_at && is_watched(task))
      __sync_fetch_and_add(&began_before, 1);
    return;
  }
  time = now - thread->since;
  waiting = thread->woken && thread->woken < now ? now - thread->woken : 0;
  total = bpf_map_lookup_elem(&totals, &thread->key);
  if (!total) {
    __builtin_memcpy(first.comm, thread->comm, sizeof(first.comm));
    bpf_map_update_elem(&totals, &thread->key, &first, BPF_NOEXIST);
    total = bpf_map_lookup_elem(&totals, &thread->key);
  }
  if (total) {
    total->last = thread->since; /* a task is on one CPU at a time: nobody else writes here */
    total->time += time;
    total->waiting += waiting;
    total->count += 1;
  } else {
    __sync_fetch_and_add(&totals_full, 1);
  }
  thread->since = 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct* previous, struct task_struct* next) {
  __u64 now = bpf_ktime_get_ns();
  __u32 state = 0;

  if (!running)
    return 0;
  if (!preempt)
    state = tells_state ? (__u32)ctx[3] : state_of(previous);
  if (state & TASK_DEAD)
    end(previous);
  else if (is_watched(previous))
    leave(ctx, previous, state, preempt, now);
  come(next, now);
  return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct* task) {
  __u32 tid = BPF_CORE_READ(task, pid);
  struct off_cpu_thread* thread = bpf_map_lookup_elem(&threads, &tid);

  if (thread && thread->since && !thread->woken)
    thread->woken = bpf_ktime_get_ns();
  return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct* parent, struct task_struct* child) {
  __u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid), one = 1;

  if (everybody || !follow || from == to || !bpf_map_lookup_elem(&processes, &from))
    return 0;
  if (bpf_map_update_elem(&processes, &to, &one, BPF_ANY))
    __sync_fetch_and_add(&processes_full, 1);
  return 0;
}

/* The process is gone, and its number may be another's from now on. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct* task) {
  __u32 pid = BPF_CORE_READ(task, tgid);

  if (!everybody && pid == (__u32)BPF_CORE_READ(task, pid))
    bpf_map_delete_elem(&processes, &pid);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
