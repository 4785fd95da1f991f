/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Types of the kernel, as far as tracing programs read them: a small stand-in for a vmlinux.h dumped from one machine.
 * Offsets do not count, since libbpf moves each access to where the running kernel has the member (CO-RE); names and
 * types do. What is not here can be declared in the same way: the few members needed, in a struct with
 * preserve_access_index, under the kernel's name or under that with "___" and anything behind it.
 *
 * Stands in place of <linux/types.h> and <linux/bpf.h> of the machine. A program of packets, sockets or cgroups, whose
 * types are in the latter, includes <network.bpf.h> instead, which has both.
 */
#pragma once

/* The sign for <bpf/bpf_tracing.h> that pt_regs has the kernel's names of registers, not those of user space. */
#define __VMLINUX_H__

#ifndef __LINUX_BPF_H__
/* What <linux/bpf.h> has; see also below. */
#define FATHOM_KERNEL_TYPES_ALONE
typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;
#endif
typedef __u8 u8;
typedef __s8 s8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;
typedef int pid_t;
typedef __u32 uid_t;
typedef __u32 gid_t;
typedef unsigned long size_t;
enum { false, true };

#define PATH_MAX 4096
#define TASK_COMM_LEN 16

#ifdef FATHOM_KERNEL_TYPES_ALONE
/* enum bpf_map_type, include/uapi/linux/bpf.h (Linux 6.9 for the last). */
enum bpf_map_type {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_XSKMAP,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_CGROUP_STORAGE,
  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_STRUCT_OPS,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_ARENA,
};

/* Flags of maps, of updates, and of helpers. */
enum {
  BPF_ANY = 0,
  BPF_NOEXIST = 1,
  BPF_EXIST = 2,
  BPF_F_LOCK = 4,
};
enum {
  BPF_F_NO_PREALLOC = 1U << 0,
  BPF_F_NO_COMMON_LRU = 1U << 1,
  BPF_F_NUMA_NODE = 1U << 2,
  BPF_F_RDONLY = 1U << 3,
  BPF_F_WRONLY = 1U << 4,
  BPF_F_STACK_BUILD_ID = 1U << 5,
  BPF_F_RDONLY_PROG = 1U << 7,
  BPF_F_WRONLY_PROG = 1U << 8,
  BPF_F_MMAPABLE = 1U << 10,
  BPF_F_INNER_MAP = 1U << 12,
};
enum {
  BPF_F_INDEX_MASK = 0xffffffffULL,
  BPF_F_CURRENT_CPU = 0xffffffffULL,
  BPF_F_CTXLEN_MASK = 0xfffffULL << 32,
  BPF_F_SKIP_FIELD_MASK = 0xff,
  BPF_F_USER_STACK = 1U << 8,
  BPF_F_FAST_STACK_CMP = 1U << 9,
  BPF_F_REUSE_STACKID = 1U << 10,
  BPF_LOCAL_STORAGE_GET_F_CREATE = 1U << 0,
};

struct bpf_spin_lock {
  __u32 val;
};
struct bpf_timer {
  __u64 opaque[2];
} __attribute__((aligned(8)));

/* What programs of these kinds get. */
struct bpf_raw_tracepoint_args {
  __u64 args[0];
};

#endif /* FATHOM_KERNEL_TYPES_ALONE */

/* What programs at syscalls:sys_enter_* and sys_exit_* get, for which the kernel makes a record of its own
 * (perf_call_bpf_enter in kernel/trace/trace_syscalls.c): arguments and result stand at byte 16 on every kernel, also
 * where those of raw_syscalls, which are the types further below, stand behind a longer trace_entry (PREEMPT_RT of
 * Linux 6.1). */
struct syscall_enter_record {
  __u64 head[2];
  unsigned long args[6];
};
struct syscall_exit_record {
  __u64 head[2];
  long ret;
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct trace_entry {
  unsigned short type;
  unsigned char flags;
  unsigned char preempt_count;
  int pid;
};
struct trace_event_raw_sys_enter {
  struct trace_entry ent;
  long id;
  unsigned long args[6];
};
struct trace_event_raw_sys_exit {
  struct trace_entry ent;
  long id;
  long ret;
};

struct pt_regs {
  unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct bpf_perf_event_data {
  struct pt_regs regs;
  __u64 sample_period;
  __u64 addr;
};

struct qstr {
  const unsigned char* name;
};
struct super_block {
  __u32 s_dev;
};
struct inode {
  unsigned short i_mode;
  unsigned long i_ino;
  struct super_block* i_sb;
  long long i_size;
};
struct dentry {
  struct dentry* d_parent;
  struct qstr d_name;
  struct inode* d_inode;
};
struct vfsmount {
  struct dentry* mnt_root;
};
struct path {
  struct vfsmount* mnt;
  struct dentry* dentry;
};
struct file {
  struct inode* f_inode;
  unsigned int f_flags;
  struct path f_path;
};
struct cgroup_subsys_state {
  struct cgroup_subsys_state* parent;
};
struct kernfs_node {
  __u64 id; /* of a cgroup's, what the inode of its folder is on 64-bit machines */
};
struct cgroup {
  struct cgroup_subsys_state self;
  struct kernfs_node* kn;
};
struct css_set {
  struct cgroup* dfl_cgrp; /* of version 2 */
};
struct ns_common {
  unsigned int inum; /* as the file in /proc/PID/ns has */
};
struct pid_namespace {
  struct ns_common ns;
};
struct upid {
  int nr;
  struct pid_namespace* ns;
};
struct pid {
  unsigned int level;
  struct upid numbers[1]; /* of the namespaces from the initial one, at level 0, inwards */
};
struct mm_struct {
  unsigned long arg_start;
  unsigned long arg_end;
};
struct task_struct {
  unsigned int __state;
  unsigned int flags;
  int prio;
  pid_t pid;
  pid_t tgid;
  int exit_state;
  int exit_code;
  struct task_struct* real_parent;
  struct task_struct* group_leader;
  struct pid* thread_pid;
  struct mm_struct* mm;
  struct css_set* cgroups;
  __u64 start_time;
  __u32 self_exec_id; /* one more with each exec; a child has its parent's */
  char comm[TASK_COMM_LEN];
};

struct sock_common {
  unsigned short skc_family;
  __u32 skc_daddr;
  __u32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
};
struct sock {
  struct sock_common __sk_common;
};
struct sk_buff {
  unsigned int len;
  __be16 protocol;
};

#pragma clang attribute pop
