/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Writes what it is told to into each kind of buffer, and reads what user space writes. */
#include <fathom.bpf.h>
#include <kernel_types.bpf.h>

#include <bpf/bpf_helpers.h>

enum { RECORD, DISCARD, OTHER_SIZE, OUTPUT };

struct event {
  __u64 number;
  __u32 what;
  __u32 cpu;
};
FATHOM_EXPORT_TYPE(struct event);

/* What `emit` is to do. */
struct request {
  __u64 first;
  __u32 count;
  __u32 what;
  __u64 refused; /* out: how many reserves failed */
};
FATHOM_EXPORT_TYPE(struct request);

FATHOM_RINGBUF(events, 4096);

static long emit_one(__u32 i, void* context) {
  struct request* request = context;
  struct event local = {.number = request->first + i, .what = request->what}, *event;

  if (local.what == OUTPUT) {
    fathom_ringbuf_output(events, &local, sizeof(local));
  } else if (local.what == OTHER_SIZE) {
    char* bytes = fathom_ringbuf_reserve(events, 5);

    if (!bytes)
      return 0;
    bytes[0] = (char)local.number;
    bytes[1] = bytes[2] = bytes[3] = bytes[4] = 7;
    bpf_ringbuf_submit(bytes, 0);
  } else {
    event = fathom_ringbuf_reserve(events, sizeof(*event));
    if (!event)
      return 0;
    *event = local;
    if (local.what == DISCARD)
      bpf_ringbuf_discard(event, 0);
    else
      bpf_ringbuf_submit(event, 0);
  }
  return 0;
}

SEC("syscall")
int emit(struct request* context) {
  struct request request = {.first = context->first, .what = context->what};
  __u64 before = events_lost;

  bpf_loop(context->count, emit_one, &request, 0);
  context->refused = events_lost - before;
  return 17;
}

/* Keeps a record reserved while `holding` is set; at most for some seconds, should nobody clear it. */
volatile int holding = 0;

static long look(__u32 i, void* context) {
  if (holding)
    return 0;
  return 1;
}

static long look_often(__u32 i, void* context) {
  bpf_loop(1 << 23, look, NULL, 0);
  return look(i, context);
}

SEC("syscall")
int hold(void* context) {
  struct event* event = fathom_ringbuf_reserve(events, sizeof(*event));

  if (!event)
    return 1;
  event->number = 77;
  event->what = RECORD;
  event->cpu = 0;
  bpf_loop(100, look_often, NULL, 0);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

/* The same by the calls of one process. */
const volatile int target_pid = -1;
__u64 calls = 0;

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, sizeof(int));
  __uint(value_size, sizeof(int));
} samples SEC(".maps");

SEC("tp/syscalls/sys_enter_getppid")
int on_getppid(void* context) {
  struct event event = {.what = RECORD};

  if ((int)(bpf_get_current_pid_tgid() >> 32) != target_pid)
    return 0;
  event.number = __sync_fetch_and_add(&calls, 1);
  event.cpu = bpf_get_smp_processor_id();
  bpf_perf_event_output(context, &samples, BPF_F_CURRENT_CPU, &event, sizeof(event));
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
