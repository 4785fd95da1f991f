#include "made_up_kernel.hpp"

#include <fathom/symbols/inline_sites.hpp>
#include <fathom/symbols/traceability.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace fathom {

void PrintTo(const TraceVerdict& verdict, std::ostream* out) {
  *out << to_string(verdict.answer);
  for (const TraceReason& reason : verdict.reasons)
    *out << ' ' << to_string(reason.kind);
}

namespace {

using test::MadeUpKernel;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = TraceReasonKind;

// `yes`, `no KIND KIND`, `unknown KIND`: what a verdict says, shortly.
std::string brief(const TraceVerdict& verdict) {
  std::string text(to_string(verdict.answer));
  for (const TraceReason& reason : verdict.reasons)
    text.append(" ").append(to_string(reason.kind));
  return text;
}

std::vector<std::string> brief(const FunctionTraceability& answer) {
  std::vector<std::string> all;
  for (const TraceMechanism mechanism : kTraceMechanisms)
    all.push_back(brief(answer[mechanism]));
  return all;
}

class InlineTable final : public InlineSites {
 public:
  [[nodiscard]] std::optional<InlineSummary> find(std::string_view function) const override {
    if (function == "gone")
      return InlineSummary{0, 3, {"vfs_read", "six"}};
    if (function == "vfs_read")
      return InlineSummary{1, 1, {"seven"}};
    if (function == "six")
      return InlineSummary{1, 0, {}};
    return std::nullopt;
  }
  [[nodiscard]] const std::string& source() const noexcept override { return source_; }

 private:
  std::string source_ = "/debug/vmlinux";
};

TEST(Traceability, EachReasonOfAHealthyKernel) {
  struct Case {
    std::string query;
    std::vector<std::string> expected;  // ftrace, kprobe, kprobe_multi, fentry
  };
  const std::vector<Case> table = {
      {"vfs_read", {"yes", "yes", "yes", "yes"}},
      {"do_int3", {"yes", "no on_kprobe_blacklist", "yes", "yes"}},
      {"raw_entry", {"no no_ftrace_site", "no no_ftrace_site", "no no_ftrace_site", "no no_ftrace_site"}},
      {"start_up", {"no init_gone", "no init_gone", "no init_gone", "no init_gone"}},
      {"twin", {"yes ambiguous", "no ambiguous", "yes ambiguous", "yes ambiguous"}},
      {"alias", {"no other_name", "yes", "yes", "yes"}},
      {"real_name", {"yes", "yes", "yes", "no no_btf_function"}},
      {"jiffies", {"no not_a_function", "no not_a_function", "no not_a_function", "no not_a_function"}},
      {"vfs_raed", {"no no_symbol", "no no_symbol", "no no_symbol", "no no_symbol"}},
      {"shrunk", {"no only_parts", "no only_parts", "no only_parts", "no only_parts"}},
      {"shrunk.isra.0", {"yes", "yes", "yes", "no no_btf_function"}},
      {"migrate_disable", {"yes", "yes", "yes", "no denied_to_bpf"}},
      {"undescribed", {"yes", "yes", "yes", "no no_btf_function"}},
      {"printk", {"yes", "yes", "yes", "no variadic"}},
      {"six", {"yes", "yes", "yes", "yes"}},
      {"seven", {"yes", "yes", "yes", "unknown too_many_arguments"}},
      {"thirteen", {"yes", "yes", "yes", "no too_many_arguments"}},
      {"takes_big", {"yes", "yes", "yes", "no unfit_argument"}},
      {"takes_either", {"yes", "yes", "yes", "no unfit_argument"}},
      {"gives_small", {"yes", "yes", "yes", "no unfit_return"}},
      {"inside", {"yes", "yes", "yes", "yes"}},
      {"inside [loaded]", {"yes", "yes", "yes", "yes"}},
      {"loaded:inside", {"yes", "yes", "yes", "yes"}},
      {"vfs_helper", {"yes", "yes", "yes", "no no_btf_function"}},
      {"vfs_read [loaded]", {"no no_symbol", "no no_symbol", "no no_symbol", "no no_symbol"}},
      {"f [on-disk]", {"no module_not_loaded", "no module_not_loaded", "no module_not_loaded", "no module_not_loaded"}},
      {"f [within]", {"no module_built_in", "no module_built_in", "no module_built_in", "no module_built_in"}},
      {"f [nowhere]", {"no no_such_module", "no no_such_module", "no no_such_module", "no no_such_module"}},
      {"__ftrace_invalid_address___16", {"no no_symbol", "no no_symbol", "no no_symbol", "no no_symbol"}},
      {"", {"no no_symbol", "no no_symbol", "no no_symbol", "no no_symbol"}},
  };
  const MadeUpKernel kernel;
  const Traceability traceability = kernel.load();
  EXPECT_THAT(traceability.gaps(), IsEmpty());
  for (const Case& c : table) {
    const FunctionTraceability answer = traceability.of(c.query);
    EXPECT_EQ(brief(answer), c.expected) << c.query;
    for (const TraceVerdict& verdict : answer.verdicts) {
      EXPECT_TRUE(verdict.answer == TraceAnswer::yes || !verdict.reasons.empty()) << c.query;
      for (const TraceReason& reason : verdict.reasons)
        EXPECT_THAT(reason.sentence(), Not(IsEmpty())) << c.query;
    }
  }
}

TEST(Traceability, EachKernelThatLacksSomething) {
  struct Case {
    const char* what;
    std::function<void(MadeUpKernel&)> change;
    std::string query;
    std::vector<std::string> expected;
  };
  const std::vector<Case> table = {
      {"no list of functions",
       [](auto& k) { k.spoil("tracing/available_filter_functions"); },
       "vfs_read",
       {"unknown unreadable", "unknown unreadable", "unknown unreadable", "unknown unreadable"}},
      {"and nothing of this name",
       [](auto& k) { k.spoil("tracing/available_filter_functions"); },
       "jiffies",
       {"no not_a_function", "no not_a_function", "no not_a_function", "no not_a_function"}},
      {"and a blacklisted function",
       [](auto& k) { k.spoil("tracing/available_filter_functions"); },
       "do_int3",
       {"unknown unreadable", "no on_kprobe_blacklist", "unknown unreadable", "unknown unreadable"}},
      {"no ftrace",
       [](auto& k) { k.remove("tracing/available_filter_functions"); },
       "vfs_read",
       {"no not_in_kernel", "yes", "no no_ftrace_site", "no no_ftrace_site"}},
      {"no tracefs",
       [](auto& k) { k.remove("tracing"); },
       "vfs_read",
       {"unknown unreadable", "unknown unreadable", "unknown unreadable", "unknown unreadable"}},
      {"an empty directory where tracefs would be",
       [](auto& k) {
         k.remove("tracing");
         k.write("tracing/lost+found", "");
       },
       "do_int3",
       {"unknown unreadable", "no on_kprobe_blacklist", "unknown unreadable", "unknown unreadable"}},
      {"symbols without end",
       [](auto& k) {
         k.remove("kallsyms");
         std::filesystem::create_symlink("/dev/zero", k.path("kallsyms"));
       },
       "raw_entry",
       {"no no_site_unknown_why", "unknown unreadable", "unknown unreadable", "unknown unreadable"}},
      {"no symbols", [](auto& k) { k.spoil("kallsyms"); }, "vfs_read", {"yes", "yes", "yes", "yes"}},
      {"no symbols", [](auto& k) { k.spoil("kallsyms"); }, "do_int3", {"yes", "no on_kprobe_blacklist", "yes", "yes"}},
      {"no symbols",
       [](auto& k) { k.spoil("kallsyms"); },
       "raw_entry",
       {"no no_site_unknown_why", "unknown unreadable", "unknown unreadable", "unknown unreadable"}},
      {"no symbols and no list",
       [](auto& k) {
         k.remove("kallsyms");
         k.spoil("tracing/available_filter_functions");
       },
       "vfs_read",
       {"unknown unreadable", "unknown unreadable", "unknown unreadable", "unknown unreadable"}},
      {"no blacklist", [](auto& k) { k.remove("blacklist"); }, "vfs_read", {"yes", "unknown unreadable", "yes", "yes"}},
      {"no blacklist, but no anyway",
       [](auto& k) { k.remove("blacklist"); },
       "raw_entry",
       {"no no_ftrace_site", "no no_ftrace_site", "no no_ftrace_site", "no no_ftrace_site"}},
      {"no BTF", [](auto& k) { k.remove("btf"); }, "vfs_read", {"yes", "yes", "yes", "unknown unreadable"}},
      {"no BTF of the module",
       [](auto& k) { k.remove("btf/loaded"); },
       "inside",
       {"yes", "yes", "yes", "no no_btf_function"}},
      {"spoilt BTF of the module",
       [](auto& k) { k.write("btf/loaded", "no BTF, and long enough"); },
       "inside",
       {"yes", "yes", "yes", "unknown unreadable"}},
      {"no configuration",
       [](auto& k) { k.remove("boot"); },
       "raw_entry",
       {"no no_ftrace_site", "unknown unreadable", "no no_ftrace_site", "no no_ftrace_site"}},
      {"kprobes on notrace",
       [](auto& k) { k.write("boot/config-6.12.0-made-up", "CONFIG_KPROBE_EVENTS_ON_NOTRACE=y\n"); },
       "raw_entry",
       {"no no_ftrace_site", "yes", "no no_ftrace_site", "no no_ftrace_site"}},
      {"no lists of modules",
       [](auto& k) { k.remove("modules"); },
       "f [within]",
       {"no module_not_loaded", "no module_not_loaded", "no module_not_loaded", "no module_not_loaded"}},
      {"no kprobe events",
       [](auto& k) { k.remove("tracing/kprobe_events"); },
       "vfs_read",
       {"yes", "no not_in_kernel", "yes", "yes"}},
      {"lockdown",
       [](auto& k) { k.write("lockdown", "none integrity [confidentiality]\n"); },
       "vfs_read",
       {"yes", "no locked_down", "yes", "yes"}},
      {"none of the mechanisms",
       [](auto& k) {
         k.write("kallsyms", "ffffffff81000000 T _stext\nffffffff81000100 T vfs_read\nffffffff81100000 T _end\n");
       },
       "vfs_read",
       {"yes", "no not_in_kernel", "no not_in_kernel", "no not_in_kernel"}},
      {"an x86 kernel that passes on the stack",
       [](auto& k) { k.append("kallsyms", "ffffffff81001900 T __x64_sys_getpid\nffffffff81001a00 t save_args\n"); },
       "seven",
       {"yes", "yes", "yes", "yes"}},
      {"an x86 kernel that does not",
       [](auto& k) { k.append("kallsyms", "ffffffff81001900 T __x64_sys_getpid\n"); },
       "seven",
       {"yes", "yes", "yes", "no too_many_arguments"}},
      {"unions by value",
       [](auto& k) { k.write("osrelease", "6.18.1-made-up\n"); },
       "takes_either",
       {"yes", "yes", "yes", "yes"}},
      {"one of two",
       [](auto& k) { k.write("tracing/available_filter_functions", "twin\n"); },
       "twin",
       {"yes", "no ambiguous", "unknown ambiguous", "unknown ambiguous"}},
      {"one of two, and addresses tell which",
       [](auto& k) {
         k.write("tracing/available_filter_functions", "twin\n");
         k.write("tracing/available_filter_functions_addrs", "ffffffff81000504 twin\n");
       },
       "twin",
       {"yes", "no ambiguous", "yes ambiguous", "no no_ftrace_site"}},
      {"hidden addresses",
       [](auto& k) {
         k.write("kallsyms",
                 "0000000000000000 T vfs_read\n0000000000000000 T do_int3\n0000000000000000 T raw_entry\n"
                 "0000000000000000 T register_kprobe\n0000000000000000 T register_fprobe\n"
                 "0000000000000000 T bpf_kprobe_multi_link_attach\n0000000000000000 T bpf_trampoline_link_prog\n"
                 "0000000000000000 T register_ftrace_direct\n");
         k.write("blacklist", "0x0000000000000000-0x0000000000000000\tdo_int3\n");
       },
       "do_int3",
       {"yes", "no on_kprobe_blacklist", "yes", "yes"}},
  };
  for (const Case& c : table) {
    MadeUpKernel kernel;
    c.change(kernel);
    EXPECT_EQ(brief(kernel.load().of(c.query)), c.expected) << c.what << ": " << c.query;
  }
}

TEST(Traceability, OldKernelsTakeTheFirstOfSeveral) {
  MadeUpKernel kernel;
  kernel.write("kallsyms",
               "ffffffff81000000 T _stext\nffffffff81000400 t twin\nffffffff81000500 t twin\n"
               "ffffffff81001400 T register_kprobe\nffffffff81100000 T _end\n");
  EXPECT_EQ(brief(kernel.load().of("twin")[TraceMechanism::kprobe]), "yes ambiguous");
}

TEST(Traceability, PartsAreJudgedEachForItself) {
  const MadeUpKernel kernel;
  const Traceability traceability = kernel.load();
  const FunctionTraceability shrunk = traceability.of("shrunk");
  ASSERT_EQ(shrunk.parts.size(), 2U);
  EXPECT_EQ(shrunk.parts[0].function, "shrunk.constprop.0.cold");
  EXPECT_EQ(brief(shrunk.parts[0][TraceMechanism::kprobe]), "no no_ftrace_site") << "there is no whole of it";
  EXPECT_EQ(shrunk.parts[1].function, "shrunk.isra.0");
  EXPECT_EQ(brief(shrunk.parts[1][TraceMechanism::ftrace]), "yes");
  EXPECT_TRUE(shrunk.traceable());
  EXPECT_THAT(shrunk[TraceMechanism::ftrace].reasons[0].remedy(), HasSubstr("shrunk.isra.0"));

  const FunctionTraceability read = traceability.of("vfs_read");
  ASSERT_EQ(read.parts.size(), 1U);
  EXPECT_EQ(brief(read.parts[0]), (std::vector<std::string>{"no no_ftrace_site", "yes", "no no_ftrace_site",
                                                            "no no_btf_function no_ftrace_site"}))
      << "a kprobe may be on a part if the whole has a site";
  EXPECT_EQ(brief(traceability.of("raw_entry.part.0")[TraceMechanism::kprobe]), "no no_ftrace_site");
}

TEST(Traceability, PartsHaveNoPartsOfTheirOwn) {
  MadeUpKernel kernel;
  std::string symbols = "ffffffff81000000 T _stext\nffffffff81000100 T foo\n";
  std::string name = "foo";
  for (int i = 0; i < 40; ++i)
    symbols += "ffffffff81000100 t " + (name += ".cold") + '\n';
  kernel.write("kallsyms", symbols);
  const FunctionTraceability foo = kernel.load().of("foo");
  ASSERT_EQ(foo.parts.size(), 40U);
  for (const FunctionTraceability& part : foo.parts)
    EXPECT_THAT(part.parts, IsEmpty()) << part.function;
}

TEST(Traceability, AGapSaysWhatToDo) {
  MadeUpKernel kernel;
  kernel.remove("tracing");
  const Traceability traceability = kernel.load();
  ASSERT_EQ(traceability.gaps().size(), 1U);
  EXPECT_THAT(traceability.gaps()[0].hint, HasSubstr("mount -t tracefs"));
  const TraceReason reason = traceability.of("vfs_read")[TraceMechanism::ftrace].reasons[0];
  EXPECT_EQ(reason.hint, traceability.gaps()[0].hint);
  EXPECT_THAT(reason.sentence(), HasSubstr("mount -t tracefs"));
}

TEST(Traceability, DebuggingInformationTellsOfInlining) {
  const MadeUpKernel kernel;
  TraceabilityOptions options = kernel.options();
  options.inline_sites = std::make_shared<InlineTable>();
  const Traceability traceability = Traceability::load(options);
  const FunctionTraceability gone = traceability.of("gone");
  EXPECT_EQ(brief(gone[TraceMechanism::ftrace]), "no inlined_everywhere");
  const TraceReason& reason = gone[TraceMechanism::ftrace].reasons[0];
  EXPECT_EQ(reason.count, 3U);
  EXPECT_THAT(reason.names, ElementsAre("vfs_read", "six"));
  EXPECT_EQ(reason.sentence(), "is inlined wherever it is called: 3 calls, such as in vfs_read, six (/debug/vmlinux)");
  EXPECT_FALSE(gone.traceable());
  EXPECT_EQ(brief(traceability.of("vfs_read")),
            (std::vector<std::string>{"yes inlined_somewhere", "yes inlined_somewhere", "yes inlined_somewhere",
                                      "yes inlined_somewhere"}));
  EXPECT_EQ(brief(traceability.of("six")[TraceMechanism::ftrace]), "yes");
}

TEST(Traceability, ReasonsCarryTheirData) {
  MadeUpKernel kernel;
  kernel.spoil("tracing/available_filter_functions");
  const Traceability traceability = kernel.load();
  ASSERT_EQ(traceability.gaps().size(), 1U);
  EXPECT_EQ(traceability.gaps()[0].path, kernel.path("tracing/available_filter_functions"));
  EXPECT_EQ(traceability.gaps()[0].error, std::errc::is_a_directory);
  const TraceReason unreadable = traceability.of("vfs_read")[TraceMechanism::ftrace].reasons[0];
  EXPECT_EQ(unreadable.error, std::errc::is_a_directory);
  EXPECT_THAT(unreadable.sentence(), HasSubstr("Is a directory"));

  const Traceability healthy = MadeUpKernel().load();
  EXPECT_THAT(healthy.of("vfs_raed")[TraceMechanism::ftrace].reasons[0].names, ElementsAre("vfs_read"));
  EXPECT_THAT(healthy.of("alias")[TraceMechanism::ftrace].reasons[0].names, ElementsAre("real_name"));
  EXPECT_EQ(healthy.of("twin")[TraceMechanism::kprobe].reasons[0].count, 2U);
  EXPECT_THAT(healthy.of("takes_big")[TraceMechanism::fentry].reasons[0].names, ElementsAre("struct big a"));
  EXPECT_EQ(healthy.of("inside").module, "loaded");
}

TEST(Traceability, ManyThreadsMayAsk) {
  const Traceability traceability = MadeUpKernel().load();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&traceability] {
      for (int n = 0; n < 100; ++n)
        EXPECT_TRUE(traceability.of(n % 2 == 0 ? "vfs_read" : "shrunk").traceable());
    });
  }
  for (std::thread& thread : threads)
    thread.join();
}

TEST(TraceReason, EveryKindHasANameAndASentence) {
  for (int kind = 0; kind <= static_cast<int>(Kind::unreadable); ++kind) {
    TraceReason reason;
    reason.kind = static_cast<Kind>(kind);
    EXPECT_NE(to_string(reason.kind), "unknown") << kind;
    EXPECT_THAT(reason.sentence(), Not(IsEmpty())) << kind;
  }
}

}  // namespace
}  // namespace fathom
