/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Names that are ordinary in C and something else in C++, in a macro, or in the header that is generated from this. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

struct words {
  int and, and_eq, bitand, bitor, compl, not, not_eq, or, or_eq, xor, xor_eq ;
  int alignas, alignof, catch, class, concept, consteval, constexpr, constinit, decltype, delete, explicit, export;
  int friend, mutable, namespace, new, noexcept, nullptr, operator, private, protected, public,
    requires,
  template;
  int this, throw, try, typeid, typename, using, virtual, thread_local, static_assert;
  int const_cast, dynamic_cast, reinterpret_cast, static_cast, co_await, co_return, co_yield;
  int char8_t, char16_t, char32_t, wchar_t;
  int std, fathom, object;
};

struct macros {
  int errno, h_errno, linux, unix, si_pid, si_value, sa_handler, st_atime, ifr_name, s6_addr, ip6_nxt, icmp6_id, arp_op,
      th_data;
};

FATHOM_EXPORT_TYPE(struct words);
FATHOM_EXPORT_TYPE(struct macros);

struct operator{
  int linux;
}
xor = {};

__u64 typeid, thread_local, static_assert, static_cast, reinterpret_cast, co_await, co_return, co_yield, errno;
const volatile int linux, unix, std, fathom;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, struct operator);
  __type(value, __u64);
} wchar_t SEC(".maps");

SEC("raw_tp/sys_enter")
int xor_eq (void* context) {
  return 0;
}

/* Functions of the C library: in a namespace of their own they harm nobody. */
SEC("raw_tp/sys_exit")
int kill(void* context) {
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
