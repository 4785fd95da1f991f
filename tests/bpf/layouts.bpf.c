/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Records of all shapes, for the header that is generated from them. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

enum color { red = 1, green, blue };

struct inner {
  __u16 low;
  __u8 high;
};

typedef struct {
  int x, y;
} point_t;

struct plain {
  bool on;
  char name[3][5];
  enum color color;
  long number;
  struct inner inner;
  point_t points[2];
  void* where;
  union {
    __u32 word;
    __u8 bytes[4];
  };
  struct {
    short a;
  } named;
};

struct __attribute__((packed)) packed {
  __u8 tag;
  __u64 value;
  struct inner inner;
};

struct padded {
  __u8 tag;
  __u64 value __attribute__((aligned(32)));
};

struct bits {
  __u32 low : 3;
  __u32 high : 29;
};

struct with_timer {
  __u32 count;
  struct bpf_timer timer;
  __u64 class; /* a word of C++ */
};

struct flexible {
  __u32 size;
  __u8 bytes[];
};

FATHOM_EXPORT_TYPE(struct plain);
FATHOM_EXPORT_TYPE(struct packed);
FATHOM_EXPORT_TYPE(struct padded);
FATHOM_EXPORT_TYPE(struct bits);
FATHOM_EXPORT_TYPE(struct with_timer);
FATHOM_EXPORT_TYPE(struct flexible);

__u64 object = 1; /* the header's own name for something else */

SEC("raw_tp/sys_enter")
int delete(void* context) {
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
