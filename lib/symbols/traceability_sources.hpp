#pragma once

#include "function_list.hpp"
#include "kprobe_blacklist.hpp"
#include "module_names.hpp"
#include "trampoline_fit.hpp"

#include <fathom/btf/btf.hpp>
#include <fathom/symbols/inline_sites.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/symbols/trace_verdict.hpp>
#include <fathom/symbols/traceability.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

namespace symbols {

/// What a file gave, or why it gave nothing.
template <typename Content>
struct Source {
  std::optional<Content> content{};
  TraceReason gap{};  // if there is none

  explicit operator bool() const noexcept { return content.has_value(); }
  const Content* operator->() const noexcept { return &*content; }
  const Content& operator*() const noexcept { return *content; }
};

}  // namespace symbols

/// All that was read, and what follows from it for every function.
struct Traceability::Sources {
  explicit Sources(const TraceabilityOptions& options);

  symbols::Source<symbols::FunctionList> functions;
  bool has_ftrace = true;  // false: the kernel has no such list
  symbols::Source<KallsymsIndex> symbols;
  symbols::Source<symbols::KprobeBlacklist> blacklist;
  std::map<std::string, symbols::Source<Btf>, std::less<>> btf;  // by module; the kernel's own by ""
  symbols::Source<symbols::ModuleNames> modules;
  symbols::Source<symbols::ModuleNames> built_in;
  symbols::Source<bool> kprobes_on_notrace;  // CONFIG_KPROBE_EVENTS_ON_NOTRACE
  std::optional<std::string> lockdown;       // what forbids kprobes
  std::shared_ptr<const InlineSites> inline_sites;
  std::vector<TraceabilityGap> gaps;

  // What the kernel was built with. Its symbols tell, so without them it is taken to have everything.
  bool has_kprobes = true;
  bool has_fprobe = true;
  bool has_trampolines = true;
  bool refuses_ambiguous = true;  // kprobes at a name of several functions
  bool counts_modules_as_ambiguous = true;
  symbols::TrampolineLimit trampoline;
  std::uint64_t init_begin = 0;  // the part of the kernel that was freed
  std::uint64_t init_end = 0;

 private:
  void read_functions(const TraceabilityOptions& options);
  void read_symbols(const TraceabilityOptions& options);
  void read_btf(const std::string& directory);
  void read_modules(const std::string& directory);
  void read_config(const std::string& path);
  void look_at_symbols(std::string_view release);
};

}  // namespace fathom
