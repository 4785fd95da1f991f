/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* One program of each tracing kind. Each counts its calls and adds up what it was given; a test loads the one it wants.
 */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct totals {
  __u64 calls;
  __u64 arguments; /* their sum */
  __u64 results;   /* the sum of what was returned */
  __u64 cookies;   /* their sum */
};

struct sum {
  int first;
  int second;
  int result;
};
FATHOM_EXPORT_TYPE(struct sum);

struct totals totals = {};
const volatile int target_pid = 0; /* 0: all */
__u64 target_inode = 0;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

static void record(void* context, __u64 argument, __u64 result) {
  if (target_pid && (int)(bpf_get_current_pid_tgid() >> 32) != target_pid)
    return;
  __sync_fetch_and_add(&totals.calls, 1);
  __sync_fetch_and_add(&totals.arguments, argument);
  __sync_fetch_and_add(&totals.results, result);
  __sync_fetch_and_add(&totals.cookies, bpf_get_attach_cookie(context));
}

SEC("?kprobe/vfs_read")
int BPF_KPROBE(on_kprobe, void* file, char* buffer, size_t count) {
  record(ctx, count, 0);
  return 0;
}

SEC("?kretprobe/vfs_read")
int BPF_KRETPROBE(on_kretprobe, long result) {
  record(ctx, 0, result);
  return 0;
}

SEC("?kprobe")
int BPF_KPROBE(on_no_target) {
  return 0;
}

/* The wrapper's argument is the registers of the caller. */
SEC("?ksyscall/getpgid")
int BPF_KPROBE(on_ksyscall, struct pt_regs* registers) {
  unsigned long pid = 0;

  bpf_probe_read_kernel(&pid, sizeof(pid), &registers->di);
  record(ctx, pid, 0);
  return 0;
}

SEC("?kretsyscall/getpgid")
int BPF_KRETPROBE(on_kretsyscall, long result) {
  record(ctx, 0, result);
  return 0;
}

SEC("?kprobe.multi/vfs_rea[d]")
int on_kprobe_multi(struct pt_regs* ctx) {
  record(ctx, PT_REGS_PARM3(ctx), 0);
  return 0;
}

SEC("?kretprobe.multi/vfs_read")
int on_kretprobe_multi(struct pt_regs* ctx) {
  record(ctx, 0, PT_REGS_RC(ctx));
  return 0;
}

SEC("?kprobe.session/vfs_read")
int on_kprobe_session(struct pt_regs* ctx) {
  record(ctx, 0, 0);
  return 0;
}

SEC("?uprobe")
int BPF_KPROBE(on_uprobe, int first, int second) {
  record(ctx, first, 0);
  return 0;
}

SEC("?uretprobe")
int BPF_KRETPROBE(on_uretprobe, int result) {
  record(ctx, 0, result);
  return 0;
}

SEC("?uprobe.multi")
int BPF_KPROBE(on_uprobe_multi, int first, int second) {
  record(ctx, first, 0);
  return 0;
}

SEC("?uprobe.session")
int on_uprobe_session(struct pt_regs* ctx) {
  record(ctx, 0, 0);
  return 0;
}

/* Says at the beginning that the return is of no interest. */
SEC("?uprobe.session")
int on_uprobe_session_begin(struct pt_regs* ctx) {
  record(ctx, 0, 0);
  return 1;
}

SEC("?uprobe/nowhere")
int BPF_KPROBE(on_bad_uprobe) {
  return 0;
}

SEC("?fentry/vfs_read")
int BPF_PROG(on_fentry, void* file, char* buffer, size_t count) {
  record(ctx, count, 0);
  return 0;
}

SEC("?fexit/vfs_read")
int BPF_PROG(on_fexit, void* file, char* buffer, size_t count, void* position, long result) {
  record(ctx, count, result);
  return 0;
}

/* At the beginning the result is 0. */
SEC("?fsession/vfs_read")
int BPF_PROG(on_fsession, void* file, char* buffer, size_t count, void* position, long result) {
  record(ctx, count, result);
  return 0;
}

/* The functions of such a program differ, so it asks for its arguments. */
static int record_of_many(void* context, bool returns) {
  __u64 count = 0;
  __u64 result = 0;

  bpf_get_func_arg(context, 2, &count);
  if (returns)
    bpf_get_func_ret(context, &result);
  record(context, count, result);
  return 0;
}

SEC("?fentry.multi/vfs_rea[d]")
int on_fentry_multi(void* context) {
  return record_of_many(context, false);
}

SEC("?fexit.multi/vfs_read")
int on_fexit_multi(void* context) {
  return record_of_many(context, true);
}

SEC("?fsession.multi/vfs_read")
int on_fsession_multi(void* context) {
  return record_of_many(context, true);
}

static int refuse(void* context, struct file* file) {
  if (!target_pid || (int)(bpf_get_current_pid_tgid() >> 32) != target_pid || file->f_inode->i_ino != target_inode)
    return 0;
  record(context, 1, 0);
  return -1; /* EPERM */
}

SEC("?fmod_ret/security_file_open")
int BPF_PROG(on_fmod_ret, struct file* file, int result) {
  return refuse(ctx, file);
}

SEC("?lsm/file_open")
int BPF_PROG(on_lsm, struct file* file, int result) {
  return refuse(ctx, file);
}

struct seq_file;
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter_meta {
  struct seq_file* seq;
};
struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
};
struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta* meta;
  void* map;
  void* key;
  void* value;
};
#pragma clang attribute pop

SEC("?iter/task")
int on_task(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;

  if (task && task->tgid == target_pid)
    BPF_SEQ_PRINTF(context->meta->seq, "%d\n", task->pid);
  return 0;
}

SEC("?iter/bpf_map_elem")
int on_element(struct bpf_iter__bpf_map_elem* context) {
  __u64* value = context->value;

  if (value)
    BPF_SEQ_PRINTF(context->meta->seq, "%llu\n", *value);
  return 0;
}

SEC("?perf_event")
int on_tick(struct bpf_perf_event_data* context) {
  record(context, 0, 0);
  return 0;
}

SEC("?syscall")
int on_syscall(struct sum* context) {
  context->result = context->first + context->second;
  return 42;
}

char LICENSE[] SEC("license") = "GPL";
