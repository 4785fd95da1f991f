/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Takes what user space puts into a user ring buffer, calls on by a program array, keeps stacks. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_USER_RINGBUF);
  __uint(max_entries, 4096);
} commands SEC(".maps");

__u64 sum = 0;
__u64 records = 0;

static long add(struct bpf_dynptr* record, void* context) {
  __u64 number = 0;

  if (bpf_dynptr_read(&number, sizeof(number), record, 0, 0))
    return 1;
  sum += number;
  records++;
  return 0;
}

SEC("tp/syscalls/sys_enter_getppid")
int drain(void* context) {
  bpf_user_ringbuf_drain(&commands, add, 0, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
