// Does the kernel take and refuse what Traceability says it will? A sample of functions of every kind is tried with
// each mechanism; nothing is recorded.

#include "this_process.hpp"
#include "trampoline_attach.hpp"

#include <fathom/base/error.hpp>
#include <fathom/btf/btf.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/symbols/traceability.hpp>
#include <fathom/tracefs/dynamic_event.hpp>
#include <fathom/tracefs/find_tracefs.hpp>
#include <fathom/tracefs/trace_files.hpp>
#include <fathom/tracefs/trace_fs.hpp>
#include <fathom/tracefs/trace_instance.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {
namespace {

using live::in_vm;

std::string describe(const TraceVerdict& verdict) {
  std::string text(to_string(verdict.answer));
  for (const TraceReason& reason : verdict.reasons)
    text.append("; ").append(reason.sentence());
  return text;
}

// Functions of every kind: some of each, spread over the kernel.
class Sample {
 public:
  Sample(const KallsymsIndex& symbols, const Traceability& traceability) {
    std::map<std::string, std::size_t> names;
    for (const Symbol symbol : symbols) {
      if (usable(symbol))
        ++names[std::string(symbol.name())];
    }
    const std::size_t step = names.size() / 4000 + 1;
    std::size_t number = 0;
    for (const auto& [name, count] : names) {
      if (++number % step == 0 || count > 1)
        classify(name, count, traceability.of(name));
    }
    for (const char* always : {"vfs_read", "do_int3", "migrate_disable", "schedule", "no_such_function_at_all",
                               "printk", "start_kernel", "jiffies", "_printk", "trace_seq_printf"})
      functions_.insert(always);
  }

  [[nodiscard]] const std::set<std::string>& functions() const { return functions_; }
  [[nodiscard]] const std::map<std::string, std::size_t>& classes() const { return classes_; }

 private:
  static bool usable(const Symbol& symbol) {
    return (symbol.origin() == SymbolOrigin::kernel || symbol.origin() == SymbolOrigin::module) &&
           symbol.type().executable();
  }

  void classify(const std::string& name, std::size_t count, const FunctionTraceability& answer) {
    constexpr std::size_t kOfEach = 25;
    std::string type = count > 1 ? "several" : name.find('.') != std::string::npos ? "part" : "one";
    for (const TraceMechanism mechanism : kTraceMechanisms) {
      const TraceVerdict& verdict = answer[mechanism];
      type += ' ';
      type += to_string(verdict.answer);
      if (!verdict.reasons.empty())
        type.append(":").append(to_string(verdict.reasons.front().kind));
    }
    if (classes_[type] < kOfEach) {
      ++classes_[type];
      functions_.insert(name);
    }
  }

  std::set<std::string> functions_;
  std::map<std::string, std::size_t> classes_;
};

class TraceabilityLive : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto root = find_tracefs();
    ASSERT_TRUE(root);
    files_ = local_trace_files(*root);
  }

  void compare(TraceMechanism mechanism, const std::set<std::string>& functions,
               const std::function<std::string(const std::string&)>& refusal) {
    std::size_t taken = 0;
    std::size_t refused = 0;
    std::size_t wrong = 0;
    std::size_t undecided = 0;
    std::size_t accidents = 0;
    for (const std::string& function : functions) {
      const TraceVerdict verdict = traceability_.of(function)[mechanism];
      const std::string said = refusal(function);
      ++(said.empty() ? taken : refused);
      const TraceAnswer right = said.empty() ? TraceAnswer::yes : TraceAnswer::no;
      if (verdict.answer == TraceAnswer::unknown && verdict.has(TraceReasonKind::ambiguous)) {
        ++undecided;
        continue;
      }
      // fentry: the code begins with a no-operation that is not ftrace's. See Traceability.
      if (mechanism == TraceMechanism::fentry && said.empty() && verdict.has(TraceReasonKind::no_ftrace_site)) {
        ++accidents;
        continue;
      }
      // kprobe: the code begins with what the kernel itself rewrites or looks up. See Traceability.
      if (mechanism == TraceMechanism::kprobe && verdict.answer == TraceAnswer::yes &&
          said.find("Failed to register probe event") != std::string::npos) {
        ++accidents;
        continue;
      }
      if (verdict.answer != right && ++wrong <= 40)
        ADD_FAILURE() << to_string(mechanism) << ' ' << function << ": we say " << describe(verdict)
                      << "\n  the kernel: " << (said.empty() ? "takes it" : said);
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_LE(accidents, 3U);
    // Without addresses, the list does not tell which of several functions ftrace has a place in.
    EXPECT_LE(undecided, files_->exists("available_filter_functions_addrs") ? 0 : functions.size() / 8);
    EXPECT_GT(taken, 20U);
    EXPECT_GT(refused, 20U);
    RecordProperty(std::string(to_string(mechanism)) + "_taken", std::to_string(taken));
    RecordProperty(std::string(to_string(mechanism)) + "_refused", std::to_string(refused));
    std::cout << to_string(mechanism) << ": " << taken << " taken, " << refused << " refused, " << wrong << " wrong, "
              << undecided << " undecided, " << accidents << " by accident\n";
  }

  std::shared_ptr<TraceFiles> files_;
  const Traceability traceability_ = Traceability::load();
};

// What keeps an Error's text, or nothing if `act` succeeds.
std::string refusal_of(const std::function<void()>& act) {
  try {
    act();
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_F(TraceabilityLive, TheKernelTakesAndRefusesWhatWeSay) {
  if (!in_vm())
    GTEST_SKIP() << "this kernel is not one of ours to probe";
  const KallsymsIndex symbols = KallsymsIndex::load();
  const Sample sample(symbols, traceability_);
  for (const auto& [type, count] : sample.classes())
    std::cout << count << " x " << type << '\n';
  EXPECT_GT(sample.functions().size(), 200U);

  TraceFs tracefs(files_);
  TraceInstance instance = tracefs.instance();
  compare(TraceMechanism::ftrace, sample.functions(), [&](const std::string& function) {
    return refusal_of([&] { files_->write(instance.path("set_ftrace_filter"), function + '\n'); });
  });
  DynamicEvents dynamic(files_);
  compare(TraceMechanism::kprobe, sample.functions(), [&](const std::string& function) {
    return refusal_of([&] { dynamic.define(Kprobe{.place = function}).remove(); });
  });
  live::TrampolineAttach attach;
  compare(TraceMechanism::fentry, sample.functions(),
          [&](const std::string& function) { return attach.refusal(function); });
}

TEST_F(TraceabilityLive, ALockedDownKernelIsUnknownNotNo) {
  const std::string refused = refusal_of([&] { static_cast<void>(files_->read("available_filter_functions")); });
  const TraceVerdict ftrace = traceability_.of("vfs_read")[TraceMechanism::ftrace];
  if (refused.empty()) {
    EXPECT_EQ(ftrace.answer, TraceAnswer::yes);
    return;
  }
  ASSERT_EQ(ftrace.answer, TraceAnswer::unknown);
  ASSERT_EQ(ftrace.reasons.front().kind, TraceReasonKind::unreadable);
  EXPECT_EQ(ftrace.reasons.front().error, std::errc::operation_not_permitted);
  EXPECT_THAT(ftrace.reasons.front().path, ::testing::EndsWith("available_filter_functions"));
  EXPECT_FALSE(traceability_.gaps().empty());
}

TEST_F(TraceabilityLive, WhatIsNowhereIsNo) {
  for (const char* nowhere : {"no_such_function_at_all", "vfs_read [no_such_module]"}) {
    for (const TraceMechanism mechanism : kTraceMechanisms)
      EXPECT_EQ(traceability_.of(nowhere)[mechanism].answer, TraceAnswer::no) << nowhere;
  }
}

}  // namespace
}  // namespace fathom
