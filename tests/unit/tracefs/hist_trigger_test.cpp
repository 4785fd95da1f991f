#include <fathom/tracefs/hist_trigger.hpp>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(HistField, IsSpelledAsTheKernelDoes) {
  const struct {
    const char* text;
    HistField field;
  } cases[] = {
      {"pid", {"pid"}},
      {"pid.hex", {"pid", HistModifier::hex}},
      {"function.sym", {"function", HistModifier::sym}},
      {"function.sym-offset", {"function", HistModifier::sym_offset}},
      {"common_pid.execname", {"common_pid", HistModifier::execname}},
      {"id.syscall", {"id", HistModifier::syscall}},
      {"bytes.log2", {"bytes", HistModifier::log2}},
      {"bytes.buckets=32", {"bytes", HistModifier::buckets, 32}},
      {"common_timestamp.usecs", {"common_timestamp", HistModifier::usecs}},
      {"bytes.percent", {"bytes", HistModifier::percent}},
      {"bytes.graph", {"bytes", HistModifier::graph}},
      {"stack.stacktrace", {"stack", HistModifier::stacktrace}},
      // No modifiers: an expression, and words that are none.
      {"common_timestamp.usecs-$ts0", {"common_timestamp.usecs-$ts0"}},
      {"bytes.buckets", {"bytes.buckets"}},
      {"bytes.buckets=x", {"bytes.buckets=x"}},
      {"bytes.hex=3", {"bytes.hex=3"}},
      {"bytes.", {"bytes."}},
      {"bytes.descending", {"bytes.descending"}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(parse_hist_field(c.text), c.field) << c.text;
    EXPECT_EQ(c.field.str(), c.text);
  }
}

TEST(HistTrigger, DescribesItself) {
  const HistTrigger full{
      .keys = {{"next_pid", HistModifier::hex}, {"next_comm"}},
      .values = {{"prev_prio"}, {"next_prio", HistModifier::percent}},
      .variables = {{"ts0", "common_timestamp.usecs"}, {"p", "next_pid"}},
      .sort = {{"next_pid", true}, {"prev_prio"}},
      .size = 256,
      .name = "both",
      .clock = "mono",
      .actions = {"onmatch(sched.sched_waking).latency($ts0,next_pid)", "onmax($ts0).save(next_comm)"},
      .filter = "next_pid > 1",
      .paused = true,
  };
  const struct {
    HistTrigger trigger;
    const char* definition;
  } cases[] = {
      {{.keys = {{"pid"}}}, "hist:keys=pid"},
      {{.keys = {{"bytes_req", HistModifier::log2}},
        .values = {{"bytes_alloc"}},
        .sort = {{"bytes_alloc", true}},
        .filter = "bytes_req > 64"},
       "hist:keys=bytes_req.log2:vals=bytes_alloc:sort=bytes_alloc.descending if bytes_req > 64"},
      {full,
       "hist:name=both:keys=next_pid.hex,next_comm:vals=prev_prio,next_prio.percent:"
       "ts0=common_timestamp.usecs,p=next_pid:sort=next_pid.descending,prev_prio:size=256:clock=mono:"
       "onmatch(sched.sched_waking).latency($ts0,next_pid):onmax($ts0).save(next_comm):pause if next_pid > 1"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(c.trigger.definition(), c.definition);

  const HistTrigger filtered{.keys = {{"pid"}}, .filter = "pid > 1"};
  EXPECT_EQ(filtered.definition("clear"), "hist:keys=pid:clear if pid > 1");
  // To take it away, a histogram that began paused is named without that.
  EXPECT_EQ((HistTrigger{.keys = {{"pid"}}, .paused = true}.definition({})), "hist:keys=pid");
}

TEST(HistModifier, HasNames) {
  for (const auto modifier : {HistModifier::hex, HistModifier::sym, HistModifier::sym_offset, HistModifier::execname,
                              HistModifier::syscall, HistModifier::log2, HistModifier::buckets, HistModifier::usecs,
                              HistModifier::percent, HistModifier::graph, HistModifier::stacktrace})
    EXPECT_EQ(parse_hist_modifier(to_string(modifier)), modifier);
  EXPECT_EQ(to_string(HistModifier::none), "");
  EXPECT_FALSE(parse_hist_modifier(""));
  EXPECT_FALSE(parse_hist_modifier("descending"));
}

}  // namespace
}  // namespace fathom
