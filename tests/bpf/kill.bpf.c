/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* In a file that is called as a function of the C library is. */
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tracepoint/syscalls/sys_enter_kill")
int on_kill(void* context) {
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
