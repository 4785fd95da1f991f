/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The one include of programs that see packets, sockets, addresses or cgroups: what they are given (struct xdp_md,
 * __sk_buff, bpf_sock_addr, bpf_sock_ops, bpf_sysctl, sk_msg_md), what they return (XDP_PASS, TC_ACT_OK, SK_PASS), the
 * helpers, and the types of the kernel that tracing programs read. In place of <linux/bpf.h>, and before all others but
 * <fathom.bpf.h>:
 *
 *   #include <network.bpf.h>
 *
 *   SEC("xdp")
 *   int drop_all(struct xdp_md* context) {
 *     return XDP_DROP;
 *   }
 *
 * The headers of protocols, <linux/ip.h>, <linux/tcp.h> and so on, go with it, behind it.
 */
#pragma once

/* The order counts, as in all of the kernel's and libbpf's headers: each wants the types of those before. */
/* clang-format off */
#ifdef FATHOM_KERNEL_TYPES_ALONE
#error "include <network.bpf.h> before <kernel_types.bpf.h>, which is a part of it"
#endif
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */
