/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Who opens which file, and what came of it: a record for each open, openat and openat2 that returns. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

#define PATH_SIZE 256

struct open {
  int pid;
  int tid;
  int result;    /* a descriptor, or -errno */
  int path_size; /* with the NUL byte; PATH_SIZE: it may be cut; -errno: it could not be read */
  __u64 flags;
  __u64 late; /* the path was not in memory when the call began, and was read when it ended */
  char comm[TASK_COMM_LEN];
  char path[PATH_SIZE];
};

struct opening {
  const char* path; /* the caller's */
  struct open open;
};

/* What every thread is opening. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8192);
  __type(key, int);
  __type(value, struct opening);
} openings SEC(".maps");

/* An opening is too large for the stack. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct opening);
} scratch SEC(".maps");

FATHOM_RINGBUF(opens, 1024 * 1024);

const volatile int target_pid = 0; /* 0: all */

static int enter(const char* path, __u64 flags) {
  __u64 id = bpf_get_current_pid_tgid();
  int tid = (int)id;
  __u32 zero = 0;
  struct opening* opening;

  if (target_pid && (int)(id >> 32) != target_pid)
    return 0;
  opening = bpf_map_lookup_elem(&scratch, &zero);
  if (!opening)
    return 0;
  opening->path = path;
  opening->open.pid = (int)(id >> 32);
  opening->open.tid = tid;
  opening->open.flags = flags;
  opening->open.late = 0;
  opening->open.path_size = (int)bpf_probe_read_user_str(opening->open.path, PATH_SIZE, path);
  if (bpf_map_update_elem(&openings, &tid, opening, BPF_ANY))
    __sync_fetch_and_add(&opens_lost, 1);
  return 0;
}

static int exit(long result) {
  int tid = (int)bpf_get_current_pid_tgid();
  struct opening* opening = bpf_map_lookup_elem(&openings, &tid);

  if (!opening)
    return 0;
  opening->open.result = (int)result;
  bpf_get_current_comm(opening->open.comm, TASK_COMM_LEN);
  if (opening->open.path_size < 0) {
    /* No program here may wait for a page, but the kernel has read the path meanwhile, and so brought it in. */
    opening->open.path_size = (int)bpf_probe_read_user_str(opening->open.path, PATH_SIZE, opening->path);
    opening->open.late = 1;
  }
  fathom_ringbuf_output(opens, &opening->open, sizeof(opening->open));
  bpf_map_delete_elem(&openings, &tid);
  return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int enter_openat(struct syscall_enter_record* context) {
  return enter((const char*)context->args[1], context->args[2]);
}

SEC("tp/syscalls/sys_exit_openat")
int exit_openat(struct syscall_exit_record* context) {
  return exit(context->ret);
}

SEC("tp/syscalls/sys_enter_openat2")
int enter_openat2(struct syscall_enter_record* context) {
  __u64 flags = 0; /* the first member of struct open_how */

  bpf_probe_read_user(&flags, sizeof(flags), (const void*)context->args[2]);
  return enter((const char*)context->args[1], flags);
}

SEC("tp/syscalls/sys_exit_openat2")
int exit_openat2(struct syscall_exit_record* context) {
  return exit(context->ret);
}

#ifdef __TARGET_ARCH_x86 /* younger architectures have only openat */
SEC("tp/syscalls/sys_enter_open")
int enter_open(struct syscall_enter_record* context) {
  return enter((const char*)context->args[0], context->args[1]);
}

SEC("tp/syscalls/sys_exit_open")
int exit_open(struct syscall_exit_record* context) {
  return exit(context->ret);
}
#endif

char LICENSE[] SEC("license") = "GPL";
