// tracecmd_totals FILE: what each function cost, by libtracecmd: the baseline of `report --totals`, with the same
// table.
#include <stdio.h>
#include <stdlib.h>

#include <event-parse.h>
#include <trace-cmd.h>

enum { SLOTS = 1 << 18 };

struct total {
  unsigned long long function, calls, nanoseconds;
};

static struct total totals[SLOTS];
static struct tep_event* exit_event;
static struct tep_format_field *function_field, *calltime_field, *rettime_field;

static struct total* total_of(unsigned long long function) {
  unsigned long long at = (function * 0x9e3779b97f4a7c15ULL >> 32) % SLOTS;
  while (totals[at].function != 0 && totals[at].function != function)
    at = (at + 1) % SLOTS;
  totals[at].function = function;
  return &totals[at];
}

static int take(struct tracecmd_input* input, struct tep_record* record, int cpu, void* unused) {
  unsigned long long function, calltime, rettime;
  struct total* total;
  (void)cpu;
  (void)unused;
  if (tep_data_type(tracecmd_get_tep(input), record) != exit_event->id)
    return 0;
  if (tep_read_number_field(function_field, record->data, &function) ||
      tep_read_number_field(calltime_field, record->data, &calltime) ||
      tep_read_number_field(rettime_field, record->data, &rettime) || function == 0)
    return 0;
  total = total_of(function);
  total->calls++;
  total->nanoseconds += rettime - calltime;
  return 0;
}

static int compare(const void* a, const void* b) {
  const struct total *x = a, *y = b;
  if (x->nanoseconds != y->nanoseconds)
    return x->nanoseconds > y->nanoseconds ? -1 : 1;
  return x->function < y->function ? -1 : x->function > y->function;
}

int main(int argc, char** argv) {
  struct tracecmd_input* input = argc == 2 ? tracecmd_open(argv[1], 0) : NULL;
  struct tep_handle* tep;
  if (input == NULL) {
    fprintf(stderr, "tracecmd_totals: cannot open the file\n");
    return 1;
  }
  tep = tracecmd_get_tep(input);
  exit_event = tep_find_event_by_name(tep, "ftrace", "funcgraph_exit");
  if (exit_event == NULL)
    return 1;
  function_field = tep_find_field(exit_event, "func");
  calltime_field = tep_find_field(exit_event, "calltime");
  rettime_field = tep_find_field(exit_event, "rettime");
  tracecmd_iterate_events(input, NULL, 0, take, NULL);

  qsort(totals, SLOTS, sizeof totals[0], compare);
  for (int i = 0; i < SLOTS; ++i) {
    const char* name = totals[i].calls != 0 ? tep_find_function(tep, totals[i].function) : NULL;
    if (totals[i].calls == 0)
      continue;
    if (name != NULL)
      printf("%10llu %15llu %s\n", totals[i].calls, totals[i].nanoseconds, name);
    else
      printf("%10llu %15llu %llx\n", totals[i].calls, totals[i].nanoseconds, totals[i].function);
  }
  tracecmd_close(input);
  return 0;
}
