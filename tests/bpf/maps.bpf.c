/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Takes what user space puts into a user ring buffer, keeps stacks, counts by CPU, has a value with a lock. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

/* Maps in maps. */
struct inner {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct inner);
} array_of SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct inner);
} hash_of SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_USER_RINGBUF);
  __uint(max_entries, 4096);
} commands SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, 64);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, 16 * sizeof(__u64));
} stacks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} by_cpu SEC(".maps");

struct guarded {
  struct bpf_spin_lock lock;
  __u32 number;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, int);
  __type(value, struct guarded);
} guards SEC(".maps");

const volatile int target_pid = -1;
long stack_id = -1;
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
  __u32 zero = 0, *count;

  if ((int)(bpf_get_current_pid_tgid() >> 32) != target_pid)
    return 0;
  stack_id = bpf_get_stackid(context, &stacks, BPF_F_USER_STACK);
  count = bpf_map_lookup_elem(&by_cpu, &zero);
  if (count)
    ++*count;
  bpf_user_ringbuf_drain(&commands, add, 0, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
