/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Counts the getppid calls of one process at a tracepoint, at a raw one and at one with BTF. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SYS_GETPPID 110 /* x86-64 */

struct call {
  int pid;
  __u32 reserved;
  __u64 cookie;
  char comm[16];
};
FATHOM_EXPORT_TYPE(struct call);

struct total {
  __u64 calls;
  __u64 last_cookie;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, int);
  __type(value, struct total);
} totals SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 64 * 1024);
} calls SEC(".maps");

const volatile int target_pid = -1;
const volatile struct total start = {.calls = 5};
__u64 raw_calls = 0;
__u64 btf_calls = 7;
int flags[3] = {1, 2, 3};

static bool is_target(void) {
  return (int)(bpf_get_current_pid_tgid() >> 32) == target_pid;
}

SEC("tp/syscalls/sys_enter_getppid")
int on_enter(void* context) {
  struct total first = start, *total;
  int key = target_pid;

  if (!is_target())
    return 0;
  bpf_map_update_elem(&totals, &key, &first, BPF_NOEXIST);
  total = bpf_map_lookup_elem(&totals, &key);
  if (!total)
    return 0;
  __sync_fetch_and_add(&total->calls, 1);
  total->last_cookie = bpf_get_attach_cookie(context);
  return 0;
}

SEC("raw_tp/sys_enter")
int on_raw(struct bpf_raw_tracepoint_args* context) {
  if (is_target() && context->args[1] == SYS_GETPPID)
    __sync_fetch_and_add(&raw_calls, 1);
  return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_btf, struct pt_regs* regs, long id) {
  if (is_target() && id == SYS_GETPPID)
    __sync_fetch_and_add(&btf_calls, 1);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
