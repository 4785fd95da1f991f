#include "attach_failure.hpp"
#include "feature_probe.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "multi_targets.hpp"
#include "program_section.hpp"
#include "target_names.hpp"
#include "traceable_types.hpp"

#include <fathom/base/error.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/tracing_multi.hpp>
#include <fathom/btf/btf.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

namespace {

Btf load_btf(const BpfProgram& program, const std::string& path, const std::string& target) {
  try {
    return Btf::load(path);
  } catch (const Error& error) {
    BpfFailure failure = bpf::attach_failure(program, error.code().value(), target);
    failure.cause = failure.cause == BpfCause::denied ? BpfCause::denied : BpfCause::unsupported;
    failure.hint = "the kernel's types are needed, and " + path + " cannot be read";
    throw BpfError(std::move(failure));
  }
}

BpfError no_function(const BpfProgram& program, const std::string& target, std::string hint) {
  BpfFailure failure = bpf::attach_failure(program, ENOENT, target);
  failure.cause = BpfCause::no_such_function;
  failure.hint = std::move(hint);
  return BpfError(std::move(failure));
}

BpfError create_failure(const BpfProgram& program, int error, std::size_t count) {
  BpfFailure failure = bpf::attach_failure(program, error, bpf::functions_text(count));
  if (failure.cause == BpfCause::denied)
    return BpfError(std::move(failure));
  if (bpf::probe_attach(BpfAttachKind::tracing_multi) == BpfSupport::no) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "fentry.multi came with Linux 7.2";
  } else if (error == EINVAL || error == ENOENT || error == ESRCH) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint =
        "one of the functions is given twice, cannot be traced, or takes what a trampoline of this machine cannot pass "
        "on";
  } else if (error == EBUSY) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "something else changes one of these functions already";
  }
  return BpfError(std::move(failure));
}

}  // namespace

TracingMulti::TracingMulti(const BpfProgram& program)
    : BpfProgram(program,
                 program.type() == BpfProgramType::tracing && bpf::is_tracing_multi(program.expected_attach_type()),
                 "an fentry.multi program") {}

BpfLink TracingMulti::attach(const TracingMultiOptions& options) const {
  if (attach_target().empty())
    throw bpf::no_target(*this, "PATTERN");
  return attach_matching(attach_target(), options);
}

BpfLink TracingMulti::attach_matching(std::string_view pattern, const TracingMultiOptions& options) const {
  const std::string target = "the kernel functions " + std::string(pattern);
  if (!options.cookies.empty())
    throw bpf::bad_target(*this, EINVAL, target, "a pattern takes no cookies: name the functions");
  if (pattern.find_first_of("*?[") == std::string_view::npos)
    return attach(std::vector<std::string>{std::string(pattern)}, options);
  const Btf btf = load_btf(*this, options.btf, target);
  std::vector<std::uint32_t> ids;
  for (const std::string& name : bpf::functions_matching(*this, options.tracefs, pattern)) {
    if (const auto id = bpf::traceable_id(btf, name))
      ids.push_back(*id);
  }
  if (ids.empty())
    throw no_function(*this, target, "no function that fits the pattern can be traced by its type");
  return attach(std::span<const std::uint32_t>(ids), options);
}

BpfLink TracingMulti::attach(const std::vector<std::string>& functions, const TracingMultiOptions& options) const {
  const Btf btf = load_btf(*this, options.btf, bpf::functions_text(functions.size()));
  std::vector<std::uint32_t> ids;
  ids.reserve(functions.size());
  for (const std::string& name : functions) {
    const auto id = bpf::traceable_id(btf, name);
    if (!id && btf.find(BtfKind::func, name))
      throw bpf::bad_target(*this, EINVAL, name, "it takes or returns what a trampoline cannot pass on");
    if (!id)
      throw no_function(*this, name, "the kernel's BTF has no such function" + bpf::near_functions(btf, name));
    ids.push_back(*id);
  }
  return attach(std::span<const std::uint32_t>(ids), options);
}

BpfLink TracingMulti::attach(std::span<const std::uint32_t> btf_ids, const TracingMultiOptions& options) const {
  bpf::check_counts(*this, btf_ids.size(), options.cookies.size());
  bpf::LinkCreateAttr attr = bpf::link_attr(native_handle(), expected_attach_type());
  attr.tracing_multi.ids = reinterpret_cast<std::uintptr_t>(btf_ids.data());
  attr.tracing_multi.cookies = options.cookies.empty() ? 0 : reinterpret_cast<std::uintptr_t>(options.cookies.data());
  attr.tracing_multi.count = static_cast<std::uint32_t>(btf_ids.size());
  UniqueFd link = bpf::create_link(attr);
  if (!link) {
    const int error = errno;
    throw create_failure(*this, error, btf_ids.size());
  }
  return LinkAccess::from_fd(std::move(link), *this);
}

}  // namespace fathom
