#include "attach_failure.hpp"
#include "kernel_functions.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "multi_targets.hpp"
#include "program_section.hpp"
#include "tracefs_path.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/kprobe_multi.hpp>

#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

namespace {

bool is_multi(const BpfProgram& program) {
  return bpf::is_kprobe_of(program, {"kprobe.multi", "kretprobe.multi"}, BpfAttachType::trace_kprobe_multi) ||
         bpf::is_kprobe_of(program, {"kprobe.session"}, BpfAttachType::trace_kprobe_session);
}

// kernel/trace/bpf_trace.c, bpf_kprobe_multi_link_attach.
BpfError create_failure(const BpfProgram& program, int error, std::size_t count, const std::string& missing) {
  BpfFailure failure = bpf::attach_failure(program, error, bpf::functions_text(count));
  if (error == EOPNOTSUPP) {
    failure.hint = "this kernel was built without CONFIG_FPROBE";
  } else if (!missing.empty() && (error == ESRCH || error == EINVAL || error == ENOENT)) {
    failure.cause = BpfCause::no_such_function;
    failure.hint = missing;
  } else if (error == ESRCH) {
    failure.cause = BpfCause::no_such_function;
    failure.hint = "one of the functions is not there, or ftrace cannot trace it";
  } else if (error == EINVAL) {
    failure.cause = BpfCause::unsupported;
    failure.hint =
        "kprobe.multi came with Linux 5.18, kprobe.session with 6.10; addresses must be those of functions "
        "that ftrace can trace";
  }
  return BpfError(std::move(failure));
}

bpf::LinkCreateAttr multi_attr(const BpfProgram& program, std::size_t count, const KprobeMultiOptions& options) {
  const bool session = program.section().starts_with("kprobe.session") ||
                       program.expected_attach_type() == BpfAttachType::trace_kprobe_session;
  bpf::LinkCreateAttr attr = bpf::link_attr(
      program.native_handle(), session ? BpfAttachType::trace_kprobe_session : BpfAttachType::trace_kprobe_multi);
  attr.kprobe_multi.flags = program.section().starts_with("kretprobe") ? bpf::kMultiReturn : 0;
  attr.kprobe_multi.count = static_cast<std::uint32_t>(count);
  attr.kprobe_multi.cookies = options.cookies.empty() ? 0 : reinterpret_cast<std::uintptr_t>(options.cookies.data());
  return attr;
}

}  // namespace

KprobeMulti::KprobeMulti(const BpfProgram& program)
    : BpfProgram(program, is_multi(program), "a kprobe.multi program") {}

BpfLink KprobeMulti::attach(const KprobeMultiOptions& options) const {
  if (attach_target().empty())
    throw bpf::no_target(*this, "PATTERN");
  return attach_matching(attach_target(), options);
}

BpfLink KprobeMulti::attach_matching(std::string_view pattern, const KprobeMultiOptions& options) const {
  const std::string target = "the kernel functions " + std::string(pattern);
  if (!options.cookies.empty())
    throw bpf::bad_target(*this, EINVAL, target, "a pattern takes no cookies: name the functions");
  // Without a glob the name goes as it is, so that no list is needed.
  if (pattern.find_first_of("*?[") == std::string_view::npos)
    return attach(std::vector<std::string>{std::string(pattern)}, options);
  return attach(bpf::functions_matching(*this, options.tracefs, pattern), options);
}

BpfLink KprobeMulti::attach(const std::vector<std::string>& functions, const KprobeMultiOptions& options) const {
  bpf::check_counts(*this, functions.size(), options.cookies.size());
  std::vector<const char*> names;
  names.reserve(functions.size());
  for (const std::string& function : functions)
    names.push_back(function.c_str());
  bpf::LinkCreateAttr attr = multi_attr(*this, names.size(), options);
  attr.kprobe_multi.symbols = reinterpret_cast<std::uintptr_t>(names.data());
  UniqueFd link = bpf::create_link(attr);
  if (!link) {
    const int error = errno;
    throw create_failure(*this, error, names.size(),
                         bpf::missing_functions(bpf::tracefs_or_default(options.tracefs), functions));
  }
  return LinkAccess::from_fd(std::move(link), *this);
}

BpfLink KprobeMulti::attach(std::span<const std::uint64_t> addresses, const KprobeMultiOptions& options) const {
  bpf::check_counts(*this, addresses.size(), options.cookies.size());
  bpf::LinkCreateAttr attr = multi_attr(*this, addresses.size(), options);
  attr.kprobe_multi.addresses = reinterpret_cast<std::uintptr_t>(addresses.data());
  UniqueFd link = bpf::create_link(attr);
  if (!link)
    throw create_failure(*this, errno, addresses.size(), {});
  return LinkAccess::from_fd(std::move(link), *this);
}

}  // namespace fathom
