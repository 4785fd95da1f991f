/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A task's numbers as the program that reads them knows it: in its own PID namespace, as /proc and perf records do. */
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Namespaces may be nested so deep (include/linux/pid_namespace.h, MAX_PID_NS_LEVEL). */
#define PID_NAMESPACES 32

/* The inode of the reader's namespace; 0 for the initial one, whose numbers are in the task itself. Set before load. */
const volatile __u32 pid_namespace = 0;

/* 0 where that namespace does not have the task. */
static __always_inline __u32 number_in_namespace(struct task_struct* task) {
  struct pid* pid = BPF_CORE_READ(task, thread_pid);
  const void* numbers = (void*)pid + bpf_core_field_offset(pid->numbers);
  __u32 last = BPF_CORE_READ(pid, level), level;
  const struct upid* number;

  for (level = 0; level <= PID_NAMESPACES; level++) {
    if (!pid || level > last)
      break;
    number = numbers + level * bpf_core_type_size(struct upid);
    if (BPF_CORE_READ(number, ns, ns.inum) == pid_namespace)
      return BPF_CORE_READ(number, nr);
  }
  return 0;
}

static __always_inline __u32 tid_of(struct task_struct* task) {
  return pid_namespace ? number_in_namespace(task) : (__u32)BPF_CORE_READ(task, pid);
}

static __always_inline __u32 pid_of(struct task_struct* task) {
  return pid_namespace ? number_in_namespace(BPF_CORE_READ(task, group_leader)) : (__u32)BPF_CORE_READ(task, tgid);
}
