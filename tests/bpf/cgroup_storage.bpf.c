/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What is kept for cgroups, what is asked about them, and how they are gone through. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SYS_GETPGID 121

struct bpf_cgroup_storage_key {
  __u64 cgroup_inode_id;
  __u32 attach_type;
};

struct seen {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
  __type(key, struct bpf_cgroup_storage_key);
  __type(value, struct seen);
} attached SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
  __type(key, __u64);
  __type(value, __u64);
} by_cpu SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
  __uint(max_entries, 2);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u32));
} groups SEC(".maps");

/* Since Linux 6.2. */
struct {
  __uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, __u64);
} calls SEC(".maps");

__u64 under = 0;
__u64 elsewhere = 0;
__u64 current_id = 0;

/* The part of the context that is read; the whole of it begins so. */
struct __sk_buff {
  __u32 len;
};

static int count(struct __sk_buff* skb) {
  struct seen* seen = bpf_get_local_storage(&attached, 0);
  __u64* packets = bpf_get_local_storage(&by_cpu, 0);

  __sync_fetch_and_add(&seen->packets, 1);
  __sync_fetch_and_add(&seen->bytes, skb->len);
  ++*packets;
  return 1;
}

SEC("?cgroup_skb/ingress")
int count_ingress(struct __sk_buff* skb) {
  return count(skb);
}

SEC("?cgroup_skb/egress")
int count_egress(struct __sk_buff* skb) {
  return count(skb);
}

SEC("?tp/syscalls/sys_enter_getpgid")
int on_getpgid(void* context) {
  long is_under = bpf_current_task_under_cgroup(&groups, 1);

  if (is_under == 1) {
    __sync_fetch_and_add(&under, 1);
    current_id = bpf_get_current_cgroup_id();
  } else if (is_under == 0) {
    __sync_fetch_and_add(&elsewhere, 1);
  }
  return 0;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;
struct bpf_iter_meta {
  struct seq_file* seq;
};
struct bpf_iter__cgroup {
  struct bpf_iter_meta* meta;
  struct cgroup* cgroup;
};
#pragma clang attribute pop

SEC("?tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs* registers, long id) {
  struct task_struct* task = bpf_get_current_task_btf();
  __u64* value;

  if (id != SYS_GETPGID)
    return 0;
  value = bpf_cgrp_storage_get(&calls, task->cgroups->dfl_cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (value)
    __sync_fetch_and_add(value, 1);
  return 0;
}

SEC("?iter/cgroup")
int on_cgroup(struct bpf_iter__cgroup* context) {
  struct cgroup* cgroup = context->cgroup;

  if (cgroup)
    BPF_SEQ_PRINTF(context->meta->seq, "%llu\n", cgroup->kn->id);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
