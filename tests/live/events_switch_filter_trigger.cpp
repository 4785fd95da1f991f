#include "events_support.hpp"

#include <gmock/gmock.h>

namespace fathom::live {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

class LiveEvents : public EventsTest {};

TEST_F(LiveEvents, AreListed) {
  const std::vector<EventName> names = events->list();
  EXPECT_GT(names.size(), 100U);
  EXPECT_THAT(names, Contains(EventName{"sched", "sched_switch"}));
  EXPECT_EQ(names, TraceEvents(tracefs).list());
  EXPECT_THAT(events->systems(), Contains("sched"));
  const TraceEvent event = events->event("sched:sched_switch");
  EXPECT_THAT(event.format(), HasSubstr("ID: " + std::to_string(event.id()) + "\n"));
  try {
    (void)events->event("sched:sched_swich");
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("sched:sched_switch"));
  }
}

TEST_F(LiveEvents, AreRecordedWhenTheyAreOn) {
  TraceEvent exec = events->event("sched:sched_process_exec");
  run({"true"}, [&](int pid) {
    exec.set_filter("pid == " + std::to_string(pid));
    exec.enable();
  });
  EXPECT_TRUE(exec.enabled());
  EXPECT_THAT(events->enabled(), ElementsAre(EventName{"sched", "sched_process_exec"}));
  EXPECT_EQ(events->state("sched"), EventState::some);
  const std::string text = instance->read_trace();
  EXPECT_EQ(count(text, "sched_process_exec: filename="), 1U) << text;

  exec.disable();
  instance->clear();
  run({"true"}, [&](int pid) { exec.set_filter("pid == " + std::to_string(pid)); });
  EXPECT_EQ(count(instance->read_trace(), "sched_process_exec"), 0U);
  EXPECT_THAT(events->enabled(), IsEmpty());
}

TEST_F(LiveEvents, AreSwitchedByPattern) {
  instance->set_tracing_on(false);
  const auto expected = events->match("sched:sched_process_*");
  ASSERT_GE(expected.size(), 4U);
  events->enable("sched:sched_process_*");
  EXPECT_THAT(events->enabled(), UnorderedElementsAreArray(expected));
  events->disable("*:*_process_*");
  EXPECT_THAT(events->enabled(), IsEmpty());

  events->enable("irq");
  EXPECT_EQ(events->state("irq"), EventState::on);
  EXPECT_THAT(events->enabled(), UnorderedElementsAreArray(events->match("irq:*")));
  events->disable("*:*");
  EXPECT_EQ(events->state("irq"), EventState::off);
  EXPECT_EQ(events->state(), EventState::off);
  EXPECT_THROW(events->enable("nope:*"), Error);
}

TEST_F(LiveEvents, KeepTheirFilterWhenANewOneIsRejected) {
  TraceEvent event = events->event("sched:sched_switch");
  EXPECT_EQ(event.filter(), std::nullopt);
  event.set_filter("prev_pid == 1");
  const struct {
    const char* filter;
    const char* complaint;
  } cases[] = {
      {"nosuch == 1", "Field not found"}, {"prev_pid", "Invalid operator"}, {"(prev_pid == 1", "Too many '('"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.filter);
    try {
      event.set_filter(c.filter);
      ADD_FAILURE() << "no Error";
    } catch (const Error& error) {
      EXPECT_THAT(error.hint(), HasSubstr(c.complaint));
      EXPECT_THAT(error.hint(), HasSubstr(c.filter));
      EXPECT_THAT(error.hint(), HasSubstr("^"));
    }
    EXPECT_EQ(event.filter(), "prev_pid == 1");
  }
  event.clear_filter();
  EXPECT_EQ(event.filter(), std::nullopt);
}

TEST_F(LiveEvents, OfASystemAreFilteredTogether) {
  TraceEvent with_field = events->event("sched:sched_switch");
  TraceEvent without = events->event("sched:sched_process_fork");
  with_field.set_filter("prev_pid == 1");
  without.set_filter("parent_pid == 1");
  try {
    events->set_system_filter("sched", "nosuch == 1");
    ADD_FAILURE() << "no Error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nosuch == 1"));
    EXPECT_THAT(error.hint(), HasSubstr("^"));
  }
  EXPECT_EQ(with_field.filter(), "prev_pid == 1");
  EXPECT_EQ(without.filter(), "parent_pid == 1");

  events->set_system_filter("sched", "prev_pid == 5");
  EXPECT_EQ(with_field.filter(), "prev_pid == 5");
  EXPECT_EQ(without.filter(), std::nullopt);
  events->clear_system_filter("sched");
  EXPECT_EQ(with_field.filter(), std::nullopt);
}

TEST_F(LiveEvents, HaveTriggers) {
  TraceEvent exec = events->event("sched:sched_process_exec");
  EXPECT_THAT(exec.triggers(), IsEmpty());
  run({"true"}, [&](int pid) { exec.add_trigger("traceoff:1 if pid == " + std::to_string(pid)); });
  EXPECT_FALSE(instance->tracing_on());
  auto triggers = exec.triggers();
  ASSERT_EQ(triggers.size(), 1U);
  EXPECT_EQ(triggers[0].command, "traceoff");
  EXPECT_EQ(triggers[0].count, 0U);
  EXPECT_THAT(triggers[0].filter, HasSubstr("pid == "));
  exec.remove_trigger(triggers[0]);
  EXPECT_THAT(exec.triggers(), IsEmpty());

  exec.add_trigger("enable_event:sched:sched_switch");
  exec.add_trigger("stacktrace:3 if pid == 1");
  std::size_t expected = 2;
  if (exec.has_hist()) {
    // What the kernel prints of this one it cannot read.
    exec.add_trigger("hist:keys=pid.hex:sort=pid.descending");
    ++expected;
  }
  EXPECT_EQ(exec.triggers().size(), expected);
  exec.clear_triggers();
  EXPECT_THAT(exec.triggers(), IsEmpty());
}

TEST_F(LiveEvents, TellWhyATriggerIsRejected) {
  TraceEvent exec = events->event("sched:sched_process_exec");
  const struct {
    const char* definition;
    const char* complaint;
  } cases[] = {{"hist:keys=nope", "Couldn't find field"},
               {"hist:keys=pid.nope", "Invalid field modifier"},
               {"hist:keys=pid:sort=nope", "Sort field must be a key or a val"}};
  if (!in_vm() && !exec.has_hist())
    GTEST_SKIP() << "the kernel has no hist triggers";
  for (const auto& c : cases) {
    SCOPED_TRACE(c.definition);
    try {
      exec.add_trigger(c.definition);
      ADD_FAILURE() << "no Error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(c.complaint));
      EXPECT_THAT(error.hint(), HasSubstr("^"));
    }
  }
  EXPECT_THAT(exec.triggers(), IsEmpty());
}

TEST_F(LiveEvents, RefuseATriggerThatIsNone) {
  TraceEvent exec = events->event("sched:sched_process_exec");
  for (const char* definition : {"nonsense", "stacktrace if nope == 1", "enable_event:nope:nope", "traceoff:x"})
    EXPECT_THROW(exec.add_trigger(definition), Error) << definition;
  EXPECT_THAT(exec.triggers(), IsEmpty());
}

}  // namespace
}  // namespace fathom::live
