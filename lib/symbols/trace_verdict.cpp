#include <fathom/symbols/trace_verdict.hpp>

#include <algorithm>

namespace fathom {

namespace {

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string calls(std::size_t count, const std::vector<std::string>& callers) {
  std::string text = std::to_string(count) + (count == 1 ? " call" : " calls");
  if (!callers.empty())
    text += ", such as in " + list_of(callers);
  return text;
}

}  // namespace

std::string_view to_string(TraceMechanism mechanism) noexcept {
  switch (mechanism) {
    case TraceMechanism::ftrace:
      return "ftrace";
    case TraceMechanism::kprobe:
      return "kprobe";
    case TraceMechanism::kprobe_multi:
      return "kprobe_multi";
    case TraceMechanism::fentry:
      return "fentry";
  }
  return "unknown";
}

std::string_view to_string(TraceAnswer answer) noexcept {
  switch (answer) {
    case TraceAnswer::no:
      return "no";
    case TraceAnswer::yes:
      return "yes";
    case TraceAnswer::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(TraceReasonKind kind) noexcept {
  switch (kind) {
    case TraceReasonKind::no_symbol:
      return "no_symbol";
    case TraceReasonKind::not_a_function:
      return "not_a_function";
    case TraceReasonKind::no_ftrace_site:
      return "no_ftrace_site";
    case TraceReasonKind::no_site_unknown_why:
      return "no_site_unknown_why";
    case TraceReasonKind::inlined_everywhere:
      return "inlined_everywhere";
    case TraceReasonKind::inlined_somewhere:
      return "inlined_somewhere";
    case TraceReasonKind::only_parts:
      return "only_parts";
    case TraceReasonKind::other_name:
      return "other_name";
    case TraceReasonKind::init_gone:
      return "init_gone";
    case TraceReasonKind::ambiguous:
      return "ambiguous";
    case TraceReasonKind::module_not_loaded:
      return "module_not_loaded";
    case TraceReasonKind::module_built_in:
      return "module_built_in";
    case TraceReasonKind::no_such_module:
      return "no_such_module";
    case TraceReasonKind::on_kprobe_blacklist:
      return "on_kprobe_blacklist";
    case TraceReasonKind::denied_to_bpf:
      return "denied_to_bpf";
    case TraceReasonKind::no_btf_function:
      return "no_btf_function";
    case TraceReasonKind::variadic:
      return "variadic";
    case TraceReasonKind::too_many_arguments:
      return "too_many_arguments";
    case TraceReasonKind::unfit_argument:
      return "unfit_argument";
    case TraceReasonKind::unfit_return:
      return "unfit_return";
    case TraceReasonKind::not_in_kernel:
      return "not_in_kernel";
    case TraceReasonKind::locked_down:
      return "locked_down";
    case TraceReasonKind::unreadable:
      return "unreadable";
  }
  return "unknown";
}

std::string TraceReason::sentence() const {
  switch (kind) {
    case TraceReasonKind::no_symbol:
      return "is no symbol of this kernel: misspelt, inlined into its callers, or not built" +
             (names.empty() ? std::string() : "; nearest: " + list_of(names));
    case TraceReasonKind::not_a_function:
      return "is data, not a function";
    case TraceReasonKind::no_ftrace_site:
      return "has code, but no place for ftrace in it: it is marked notrace or noinstr, "
             "written in assembler, or a part that the compiler split off";
    case TraceReasonKind::no_site_unknown_why:
      return "has no place for ftrace: inlined, notrace or discarded, unknown which";
    case TraceReasonKind::inlined_everywhere:
      return "is inlined wherever it is called: " + calls(count, names) + " (" + path + ")";
    case TraceReasonKind::inlined_somewhere:
      return "is inlined in some places, whose calls are not seen: " + calls(count, names) + " (" + path + ")";
    case TraceReasonKind::only_parts:
      return "exists only as what the compiler made of it: " + list_of(names);
    case TraceReasonKind::other_name:
      return "is known to ftrace by another name of the same code: " + list_of(names);
    case TraceReasonKind::init_gone:
      return "served to start the kernel or a module, and its memory is freed";
    case TraceReasonKind::ambiguous:
      return "is the name of " + std::to_string(count) + " symbols";
    case TraceReasonKind::module_not_loaded:
      return "is in a module that is not loaded: " + list_of(names);
    case TraceReasonKind::module_built_in:
      return "is asked for in a module that is built into the kernel: " + list_of(names);
    case TraceReasonKind::no_such_module:
      return "is asked for in a module that this kernel does not have: " + list_of(names);
    case TraceReasonKind::on_kprobe_blacklist:
      return "is on the blacklist of kprobes, which could not work with one on it";
    case TraceReasonKind::denied_to_bpf:
      return "is used by BPF trampolines themselves, which may not be on it";
    case TraceReasonKind::no_btf_function:
      return "is not described in the kernel's BTF";
    case TraceReasonKind::variadic:
      return "takes a variable number of arguments, which no BPF trampoline can pass on";
    case TraceReasonKind::too_many_arguments:
      return "takes arguments of " + std::to_string(count) +
             " registers, more than BPF trampolines are sure to pass on";
    case TraceReasonKind::unfit_argument:
      return "takes by value what no BPF trampoline can pass on: " + list_of(names);
    case TraceReasonKind::unfit_return:
      return "returns by value what no BPF trampoline can pass on: " + list_of(names);
    case TraceReasonKind::not_in_kernel:
      return "cannot be traced so by this kernel, which was built without " + list_of(names);
    case TraceReasonKind::locked_down:
      return "cannot be traced so, since the kernel is locked down: " + list_of(names);
    case TraceReasonKind::unreadable:
      return "may or may not be: cannot read " + path + ": " + error.message() +
             (hint.empty() ? std::string() : " (" + hint + ")");
  }
  return {};
}

std::string TraceReason::remedy() const {
  switch (kind) {
    case TraceReasonKind::no_symbol:
    case TraceReasonKind::no_site_unknown_why:
      return "debugging information (vmlinux with DWARF) tells whether it was inlined";
    case TraceReasonKind::no_ftrace_site:
    case TraceReasonKind::inlined_everywhere:
      return "trace what calls it";
    case TraceReasonKind::inlined_somewhere:
      return "trace the callers too";
    case TraceReasonKind::only_parts:
    case TraceReasonKind::other_name:
      return "trace " + list_of(names);
    case TraceReasonKind::ambiguous:
      return "a kprobe takes an address, or MODULE:NAME";
    case TraceReasonKind::module_not_loaded:
      return "modprobe " + list_of(names);
    case TraceReasonKind::module_built_in:
      return "ask without the module";
    case TraceReasonKind::on_kprobe_blacklist:
      return "ftrace or fentry, where they can";
    case TraceReasonKind::denied_to_bpf:
    case TraceReasonKind::no_btf_function:
    case TraceReasonKind::variadic:
    case TraceReasonKind::too_many_arguments:
    case TraceReasonKind::unfit_argument:
    case TraceReasonKind::unfit_return:
      return "kprobe or kprobe.multi, where they can";
    case TraceReasonKind::unreadable:
      return "run as root, with tracefs and debugfs mounted, on a kernel that is not locked down";
    case TraceReasonKind::not_a_function:
    case TraceReasonKind::init_gone:
    case TraceReasonKind::no_such_module:
    case TraceReasonKind::not_in_kernel:
    case TraceReasonKind::locked_down:
      break;
  }
  return {};
}

bool TraceVerdict::has(TraceReasonKind kind) const noexcept {
  return std::ranges::find(reasons, kind, &TraceReason::kind) != reasons.end();
}

}  // namespace fathom
