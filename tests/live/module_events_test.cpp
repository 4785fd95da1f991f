#include "kernel_module.hpp"
#include "private_network.hpp"
#include "this_process.hpp"
#include "unprivileged.hpp"

#include <fathom/base/error.hpp>
#include <fathom/symbols/module_events.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace fathom::live {
namespace {

using namespace std::chrono_literals;

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Those that the kernel did on its own, of this module.
std::vector<ModuleEvent::Action> actions_of(const ModuleBatch& batch, const std::string& module) {
  std::vector<ModuleEvent::Action> actions;
  for (const ModuleEvent& event : batch.events) {
    if (event.module == module && !event.synthetic)
      actions.push_back(event.action);
  }
  return actions;
}

TEST(ModuleEvents, SeesAModuleComeAndGo) {
  if (const auto why = why_no_modules())
    GTEST_SKIP() << *why;
  ModuleEvents modules;
  {
    const KernelModule dummy("dummy");
    EXPECT_TRUE(readable(modules.native_handle(), 0ms));
    EXPECT_THAT(actions_of(modules.drain(), "dummy"), ::testing::ElementsAre(ModuleEvent::Action::add));
  }
  EXPECT_THAT(actions_of(modules.drain(), "dummy"), ::testing::ElementsAre(ModuleEvent::Action::remove));
  EXPECT_FALSE(readable(modules.native_handle(), 0ms));
  EXPECT_EQ(modules.stats().skipped_records(), 0U);
}

TEST(ModuleEvents, OneThatSomebodyAskedForIsMarked) {
  if (const auto why = why_no_modules())
    GTEST_SKIP() << *why;
  const KernelModule dummy("dummy");
  ModuleEvents modules;
  trigger_uevent("/sys/module/dummy/uevent", "add");
  const ModuleBatch batch = modules.drain();
  ASSERT_EQ(batch.events.size(), 1U);
  EXPECT_EQ(batch.events[0].module, "dummy");
  EXPECT_TRUE(batch.events[0].synthetic);
}

// The rest is done in a network namespace of our own, into which we may have the kernel forward messages of ours.
class ModuleEventsAlone : public ::testing::Test {
 protected:
  PrivateNetwork network_;
};

TEST_F(ModuleEventsAlone, OthersAreCountedAndPassedOver) {
  ModuleEvents modules;
  network_.send_uevent("add", "/module/fathom_fake", "module");
  network_.send_uevent("change", "/module/fathom_fake", "module");
  network_.send_uevent("online", "/devices/system/cpu/cpu1", "cpu");
  network_.send_uevent("add", "/module/", "module");
  network_.send_uevent("remove", "/module/fathom_fake", "module");
  network_.send_uevent("add@no", "/module/fathom_fake", "module");
  EXPECT_TRUE(readable(modules.native_handle(), 1s));
  const ModuleBatch batch = modules.drain();
  EXPECT_THAT(actions_of(batch, "fathom_fake"),
              ::testing::ElementsAre(ModuleEvent::Action::add, ModuleEvent::Action::remove));
  EXPECT_TRUE(batch.cpus_changed);
  EXPECT_EQ(modules.stats().skipped(SkipReason::unknown_line), 1U);
  EXPECT_GE(modules.stats().parsed_records, 5U);
  EXPECT_EQ(modules.stats().bytes, modules.stats().parsed_bytes + modules.stats().skipped_bytes);
}

TEST_F(ModuleEventsAlone, ANetworkOfItsOwnHearsTheKernelToo) {
  ModuleEvents modules;
  trigger_uevent("/sys/devices/system/cpu/cpu0/uevent", "change");
  EXPECT_TRUE(readable(modules.native_handle(), 1s));
  EXPECT_TRUE(modules.drain().empty());
  EXPECT_GE(modules.stats().parsed_records, 1U);
}

TEST_F(ModuleEventsAlone, WhatAProcessSendsIsNotBelieved) {
  ModuleEvents modules;
  network_.send_as_process(modules.native_handle(), "add", "/module/fathom_fake", "module");
  EXPECT_TRUE(readable(modules.native_handle(), 1s));
  EXPECT_THAT(modules.drain().events, IsEmpty());
  EXPECT_EQ(modules.stats().records, 1U);
  EXPECT_EQ(modules.stats().skipped(SkipReason::foreign), 1U);
}

TEST_F(ModuleEventsAlone, AFullSocketIsALoss) {
  ModuleEvents modules({.receive_buffer = 4096});
  for (int i = 0; i < 100; ++i)
    network_.send_uevent("add", "/module/fathom_fake", "module");
  const ModuleBatch batch = modules.drain();
  EXPECT_EQ(batch.losses, 1U);
  EXPECT_LT(batch.events.size(), 100U);
  EXPECT_GT(batch.events.size(), 0U);
  EXPECT_TRUE(modules.drain().empty());
  network_.send_uevent("add", "/module/fathom_fake", "module");
  EXPECT_EQ(modules.drain().events.size(), 1U);
}

TEST(ModuleEvents, ARootlessNetworkIsToldThatNothingWouldCome) {
  const std::string said = in_rootless_network([] {
    const ModuleEvents modules;
    return std::string("it listens");
  });
  EXPECT_THAT(said, HasSubstr("cannot use uevents in /proc/thread-self/ns/net"));
}

}  // namespace
}  // namespace fathom::live
