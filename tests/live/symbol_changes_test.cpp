#include "bpf_program.hpp"
#include "cpu_offline.hpp"
#include "kernel_module.hpp"
#include "private_network.hpp"
#include "this_process.hpp"
#include "unprivileged.hpp"

#include <fathom/symbols/symbol_changes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace fathom::live {
namespace {

using namespace std::chrono_literals;

using ::testing::HasSubstr;

TEST(SymbolChanges, BothKindsComeThroughOneHandle) {
  PrivateNetwork network;
  SymbolChanges changes;
  EXPECT_TRUE(changes.notices().complete());
  (void)changes.drain();

  const UniqueFd program = load_bpf_program("fathom_both");
  EXPECT_TRUE(readable(changes.native_handle(), 20s));
  const SymbolChangeSummary loaded = changes.drain();
  EXPECT_TRUE(loaded.due());
  EXPECT_FALSE(loaded.lossy());
  const std::string symbol = kallsyms_name(program, "fathom_both");
  EXPECT_EQ(std::ranges::count(loaded.ksymbols, symbol, &KsymbolEvent::name), 1);

  network.send_uevent("add", "/module/fathom_fake", "module");
  EXPECT_TRUE(readable(changes.native_handle(), 20s));
  const SymbolChangeSummary added = changes.drain();
  EXPECT_TRUE(added.due());
  ASSERT_EQ(added.modules.size(), 1U);
  EXPECT_EQ(added.modules[0].module, "fathom_fake");
}

TEST(SymbolChanges, LossesAreAReasonToReadAgain) {
  PrivateNetwork network;
  SymbolChanges changes({.ksymbols = {.ring_pages = 1}, .modules = {.receive_buffer = 4096}});
  (void)changes.drain();
  for (int i = 0; i < 100; ++i)
    network.send_uevent("change", "/module/fathom_fake", "module");
  {
    const SymbolChangeSummary lossy = changes.drain();
    EXPECT_EQ(lossy.module_losses, 1U);
    EXPECT_TRUE(lossy.modules.empty());
    EXPECT_TRUE(lossy.due());
  }
  std::vector<UniqueFd> programs(100);
  const PinnedTo pinned(CpuSet::online().cpus().front());
  for (UniqueFd& program : programs)
    program = load_bpf_program("fathom_many");
  const SymbolChangeSummary lossy = changes.drain();
  EXPECT_EQ(lossy.ksymbol_losses.size(), 1U);
  EXPECT_TRUE(lossy.due());
}

TEST(SymbolChangesHotplug, ACpuThatWasDownBetweenTwoDrainsMakesItDue) {
  if (const auto why = why_no_hotplug())
    GTEST_SKIP() << *why;
  SymbolChanges changes;
  (void)changes.drain();
  {
    const CpuOffline offline(1);
  }
  EXPECT_TRUE(readable(changes.native_handle(), 20s));
  const SymbolChangeSummary summary = changes.drain();
  EXPECT_TRUE(summary.due());
  ASSERT_EQ(summary.ksymbol_losses.size(), 1U);
  EXPECT_EQ(summary.ksymbol_losses[0], (KsymbolLoss{.cpu = 1, .reason = KsymbolLoss::Reason::cpu_came, .events = {}}));
}

TEST(SymbolChanges, WithoutRightsModulesAreNoticedAndTheRestIsExplained) {
  const std::string said = as_nobody([] {
    const SymbolChanges changes;
    if (!changes.notices().no_ksymbols)
      return std::string("perf_event_paranoid allows it to everybody");
    return std::string(changes.notices().no_modules ? "no modules; " : "modules; ") +
           changes.notices().no_ksymbols->what();
  });
  EXPECT_THAT(said, HasSubstr("modules; cannot open the event of kernel symbols on CPU 0: "));
  EXPECT_THAT(said, HasSubstr("CAP_PERFMON"));
}

}  // namespace
}  // namespace fathom::live
