/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What each CPU does, for fathom::LiveIdle: added up in the kernel, by CPU. A CPU is idle while its swapper runs, whose
 * pid is 0 on each; so nothing here is by pid alone.
 */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

enum { IDLE_STATES = 16, AWAKE = 0xffffffff, TASKS = 1 };

/* Sums since the CPU is known, in ns. */
struct cpu_times {
  __u64 idle; /* swapper ran, and no interrupt */
  __u64 busy; /* a task ran, and no interrupt */
  __u64 interrupts_in_idle;
  __u64 interrupts_in_busy;
  __u64 hard_interrupts;      /* of both */
  __u64 idle_periods;         /* times that swapper came */
  __u64 interrupts;           /* handlers that began */
  __u64 states[IDLE_STATES];  /* of idle */
  __u64 entries[IDLE_STATES]; /* times that the state was entered */
  __u64 from;                 /* CLOCK_MONOTONIC, ns: known since then */
  __u64 to;                   /* and up to then */
};

struct cpu_now {
  struct cpu_times times;
  __u64 since;     /* up to which the sums are; 0: not known yet */
  __u64 run;       /* what `pid` had since it was last seen to run, up to `since` */
  __u64 state_run; /* of this, in `idle_state` */
  __u32 pid;
  __u32 hard; /* handlers that are under way */
  __u32 soft;
  __u32 idle_state;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct cpu_now);
} now_of SEC(".maps");

/* What look() saw: nobody else writes it. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct cpu_times);
} looked SEC(".maps");

struct cpu_task {
  __u32 cpu;
  __u32 pid;
};
struct task_time {
  __u64 time;
  char comm[TASK_COMM_LEN];
  __u32 ended; /* 1: the task is gone, and who reads this may delete it */
  __u32 reserved;
};
/* The size is set before load. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, TASKS);
  __type(key, struct cpu_task);
  __type(value, struct task_time);
} tasks SEC(".maps");

struct cpu_samples {
  __u64 all;  /* ticks */
  __u64 busy; /* ticks of the timer that leaves idle CPUs out */
};
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct cpu_samples);
} samples SEC(".maps");

/* By CPU: its steps of going or coming. The size is set before load. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} hotplugs SEC(".maps");

__u64 tasks_full = 0; /* ns of tasks that found no room */

static __always_inline struct cpu_now* this_cpu(void) {
  __u32 zero = 0;

  return bpf_map_lookup_elem(&now_of, &zero);
}

static __always_inline void add(__u64* sum, __u64 time) {
  __sync_fetch_and_add(sum, time);
}

/* A place in an array of IDLE_STATES, in a form in which the verifier of Linux 6.1 sees that it is one. */
static __always_inline __u32 place_of(__u32 state) {
  asm volatile("" : "+r"(state));
  return state & (IDLE_STATES - 1);
}

/*
 * Adds the time since the last event to what the CPU did. A softirq's events may be interrupted by those of a hard one,
 * which does the same: each stretch goes to who moves `since` over it.
 */
static __always_inline void account(struct cpu_now* cpu) {
  __u64 since, now, time;
  __u32 state = cpu->idle_state;
  int tries;

  for (tries = 0; tries < 4; tries++) {
    since = *(volatile __u64*)&cpu->since;
    now = bpf_ktime_get_ns();
    if (!since || now <= since)
      return;
    if (__sync_val_compare_and_swap(&cpu->since, since, now) == since)
      break;
  }
  if (tries == 4)
    return;
  time = now - since;
  if (cpu->hard || cpu->soft) {
    add(cpu->pid ? &cpu->times.interrupts_in_busy : &cpu->times.interrupts_in_idle, time);
    if (cpu->hard)
      add(&cpu->times.hard_interrupts, time);
  } else if (cpu->pid) {
    add(&cpu->times.busy, time);
    add(&cpu->run, time);
  } else {
    add(&cpu->times.idle, time);
    add(&cpu->run, time);
    if (state < IDLE_STATES) {
      add(&cpu->times.states[place_of(state)], time);
      add(&cpu->state_run, time);
    }
  }
}

/*
 * `pid` runs. If it is not the one that was switched to, a switch in between was not told, and whose the time since the
 * last sure event was is not known.
 */
static __always_inline void sees(struct cpu_now* cpu, __u32 pid) {
  __u32 state = cpu->idle_state;
  __u64 run, state_run;

  if (!cpu->since || (pid && pid == cpu->pid))
    return;
  run = __sync_lock_test_and_set(&cpu->run, 0); /* swapper's time needs no entry: it is sure up to here */
  state_run = __sync_lock_test_and_set(&cpu->state_run, 0);
  if (pid == cpu->pid)
    return;
  add(cpu->pid ? &cpu->times.busy : &cpu->times.idle, -run);
  if (state < IDLE_STATES)
    add(&cpu->times.states[place_of(state)], -state_run);
  cpu->pid = pid;
  cpu->idle_state = AWAKE;
}

/* For any event but a switch: who runs is known without one. */
static __always_inline void sees_current(struct cpu_now* cpu) {
  sees(cpu, bpf_get_current_pid_tgid());
}

/* What the running task had so far goes to its entry. */
static __always_inline void account_task(struct cpu_now* cpu, const char* comm, bool ended) {
  struct cpu_task key = {.cpu = bpf_get_smp_processor_id(), .pid = cpu->pid};
  struct task_time made = {.ended = ended}, *task;
  __u64 run = __sync_lock_test_and_set(&cpu->run, 0);

  if ((!run && !ended) || !cpu->pid)
    return;
  task = bpf_map_lookup_elem(&tasks, &key);
  if (!task) {
    made.time = run;
    bpf_probe_read_kernel(made.comm, sizeof(made.comm), comm);
    if (bpf_map_update_elem(&tasks, &key, &made, BPF_NOEXIST))
      __sync_fetch_and_add(&tasks_full, run);
    return;
  }
  add(&task->time, run);
  task->ended = ended;
  bpf_probe_read_kernel(task->comm, sizeof(task->comm), comm);
}

/* All up to now, of the task that runs. */
static __always_inline void account_current(struct cpu_now* cpu) {
  char comm[TASK_COMM_LEN] = {};

  account(cpu);
  sees_current(cpu);
  bpf_get_current_comm(comm, sizeof(comm));
  account_task(cpu, comm, false);
}

SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args* context) {
  struct task_struct* prev = (void*)context->args[1];
  struct task_struct* next = (void*)context->args[2];
  struct cpu_now* cpu = this_cpu();

  if (!cpu)
    return 0;
  account(cpu);
  sees(cpu, BPF_CORE_READ(prev, pid));
  account_task(cpu, prev->comm, BPF_CORE_READ(prev, exit_state) != 0);
  cpu->pid = BPF_CORE_READ(next, pid);
  cpu->hard = cpu->soft = 0; /* of PREEMPT_RT a softirq may be left by a switch */
  cpu->idle_state = AWAKE;
  if (!cpu->pid)
    cpu->times.idle_periods += 1;
  return 0;
}

SEC("raw_tp/irq_handler_entry")
int on_hard_entry(void* context) {
  struct cpu_now* cpu = this_cpu();

  if (!cpu)
    return 0;
  account(cpu);
  sees_current(cpu);
  cpu->hard += 1;
  cpu->times.interrupts += 1;
  return 0;
}

SEC("raw_tp/irq_handler_exit")
int on_hard_exit(void* context) {
  struct cpu_now* cpu = this_cpu();

  if (!cpu)
    return 0;
  account(cpu);
  if (cpu->hard)
    cpu->hard -= 1;
  return 0;
}

SEC("raw_tp/softirq_entry")
int on_soft_entry(void* context) {
  struct cpu_now* cpu = this_cpu();

  if (!cpu)
    return 0;
  account(cpu);
  sees_current(cpu);
  cpu->soft = 1;
  add(&cpu->times.interrupts, 1);
  return 0;
}

SEC("raw_tp/softirq_exit")
int on_soft_exit(void* context) {
  struct cpu_now* cpu = this_cpu();

  if (!cpu)
    return 0;
  account(cpu);
  cpu->soft = 0;
  return 0;
}

SEC("raw_tp/cpu_idle")
int on_cpu_idle(struct bpf_raw_tracepoint_args* context) {
  __u32 state = context->args[0];
  struct cpu_now* cpu = this_cpu();

  /* Coupled CPUs may be told of by another one. */
  if (!cpu || (__u32)context->args[1] != bpf_get_smp_processor_id())
    return 0;
  account(cpu);
  sees_current(cpu);
  cpu->idle_state = state;
  if (state < IDLE_STATES)
    cpu->times.entries[place_of(state)] += 1;
  return 0;
}

SEC("raw_tp/cpuhp_enter")
int on_hotplug(struct bpf_raw_tracepoint_args* context) {
  __u32 cpu = context->args[0];
  __u64* steps = bpf_map_lookup_elem(&hotplugs, &cpu);

  if (steps)
    __sync_fetch_and_add(steps, 1);
  return 0;
}

/*
 * Is run on each CPU to read it, so that nothing but interrupts runs there meanwhile; on the caller's own these do, and
 * what they add while the sums are copied makes the copy be done again. Attached to nothing.
 */
SEC("raw_tp")
int look(void* context) {
  struct cpu_now* cpu = this_cpu();
  struct cpu_times* out;
  __u32 zero = 0;
  __u64 since;
  int tries;

  out = bpf_map_lookup_elem(&looked, &zero);
  if (!cpu || !out)
    return 1;
  if (!cpu->since) {
    cpu->pid = bpf_get_current_pid_tgid();
    cpu->idle_state = AWAKE;
    cpu->since = cpu->times.from = bpf_ktime_get_ns();
  } else {
    account_current(cpu);
  }
  for (tries = 0; tries < 4; tries++) {
    since = *(volatile __u64*)&cpu->since;
    *out = cpu->times;
    out->to = since;
    if (since == *(volatile __u64*)&cpu->since)
      break;
  }
  return 0;
}

static __always_inline struct cpu_samples* this_samples(void) {
  __u32 zero = 0;

  return bpf_map_lookup_elem(&samples, &zero);
}

SEC("perf_event")
int tick(void* context) {
  struct cpu_samples* counts = this_samples();
  struct cpu_now* cpu = this_cpu();

  if (counts)
    counts->all += 1;
  if (cpu)
    account_current(cpu);
  return 0;
}

SEC("perf_event")
int tick_busy(void* context) {
  struct cpu_samples* counts = this_samples();

  if (counts)
    counts->busy += 1;
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
