/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* For BPF programs that a C++ program loads with fathom; see fathom_add_bpf. */
#pragma once

#define FATHOM_JOIN_(a, b) a##b
#define FATHOM_JOIN(a, b) FATHOM_JOIN_(a, b)

/*
 * FATHOM_EXPORT_TYPE(struct open): puts the type into the object's BTF, and so into the generated header. Needed for a
 * record that the program has only as a local, or only behind a `void *` from bpf_ringbuf_reserve(): what no map,
 * global or function names is left out by the compiler. Costs nothing in the kernel: the pointer's section becomes no
 * map.
 */
#define FATHOM_EXPORT_TYPE(type) \
  static type* FATHOM_JOIN(fathom_type_, __COUNTER__) __attribute__((section(".fathom.types"), used))

/*
 * FATHOM_RINGBUF(opens, 256 * 1024): a map of type ringbuf, with a global `__u64 opens_lost` in which the calls below
 * count the records that found no room. RingBuffer::lost() reads it: the kernel itself keeps no such count. Needs
 * <bpf/bpf_helpers.h>.
 */
#define FATHOM_RINGBUF(name, bytes)     \
  struct {                              \
    __uint(type, BPF_MAP_TYPE_RINGBUF); \
    __uint(max_entries, bytes);         \
  } name SEC(".maps");                  \
  __u64 FATHOM_JOIN(name, _lost) = 0

/* bpf_ringbuf_reserve() of such a map, by its name. */
#define fathom_ringbuf_reserve(name, size)                        \
  ({                                                              \
    void* fathom_record_ = bpf_ringbuf_reserve(&(name), size, 0); \
    if (!fathom_record_)                                          \
      __sync_fetch_and_add(&FATHOM_JOIN(name, _lost), 1);         \
    fathom_record_;                                               \
  })

/* bpf_ringbuf_output() into such a map, by its name. */
#define fathom_ringbuf_output(name, data, size)                      \
  ({                                                                 \
    long fathom_error_ = bpf_ringbuf_output(&(name), data, size, 0); \
    if (fathom_error_)                                               \
      __sync_fetch_and_add(&FATHOM_JOIN(name, _lost), 1);            \
    fathom_error_;                                                   \
  })
