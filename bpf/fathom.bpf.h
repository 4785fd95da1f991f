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
