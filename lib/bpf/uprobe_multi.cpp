#include "attach_failure.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "program_section.hpp"
#include "uprobe_places.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/uprobe_multi.hpp>

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
  return bpf::is_kprobe_of(program, {"uprobe.multi", "uprobe.multi.s", "uretprobe.multi", "uretprobe.multi.s"},
                           BpfAttachType::trace_uprobe_multi) ||
         bpf::is_kprobe_of(program, {"uprobe.session", "uprobe.session.s"}, BpfAttachType::trace_uprobe_session);
}

std::string target_text(const std::string& binary, std::size_t count) {
  return std::to_string(count) + (count == 1 ? " place of " : " places of ") + binary;
}

// Asks for a link to a folder: a kernel that knows the kind says EBADF, and one that does not EINVAL
// (kernel/trace/bpf_trace.c, bpf_uprobe_multi_link_attach).
bool is_known(bpf::LinkCreateAttr attr) {
  attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>("/");
  return !bpf::create_link(attr) && errno == EBADF;
}

BpfError create_failure(const BpfProgram& program, int error, const std::string& target,
                        const bpf::LinkCreateAttr& attr) {
  BpfFailure failure = bpf::attach_failure(program, error, target);
  if (error == EBADF || error == ENOENT) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "there is no such file";
  } else if (error == ESRCH) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "there is no such process";
  } else if (error == EINVAL && is_known(attr)) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "no instruction that may be probed begins there: an offset is outside of the file's code";
  } else if (error == E2BIG || error == EINVAL) {
    failure.cause = BpfCause::unsupported;
    failure.hint = "uprobe.multi came with Linux 6.6, uprobe.session with 6.13";
  }
  return BpfError(std::move(failure));
}

}  // namespace

UprobeMulti::UprobeMulti(const BpfProgram& program)
    : BpfProgram(program, is_multi(program), "a uprobe.multi program") {}

BpfLink UprobeMulti::attach(const UprobeMultiOptions& options) const {
  const bpf::BinaryTarget target = bpf::parse_binary_target(*this, "BINARY:PATTERN");
  return attach_matching(target.binary, target.rest, options);
}

BpfLink UprobeMulti::attach_matching(const std::string& binary, std::string_view pattern,
                                     const UprobeMultiOptions& options) const {
  if (!options.cookies.empty() || !options.reference_counters.empty())
    throw bpf::bad_target(*this, EINVAL, std::string(pattern) + " of " + binary,
                          "a pattern takes neither cookies nor counters: name the functions");
  const std::vector<std::uint64_t> offsets = bpf::matching_offsets(*this, binary, pattern);
  return attach(binary, std::span(offsets), options);
}

BpfLink UprobeMulti::attach(const std::string& binary, const std::vector<std::string>& functions,
                            const UprobeMultiOptions& options) const {
  const std::vector<std::uint64_t> offsets = bpf::function_offsets(*this, binary, functions);
  return attach(binary, std::span(offsets), options);
}

BpfLink UprobeMulti::attach(const std::string& binary, std::span<const std::uint64_t> offsets,
                            const UprobeMultiOptions& options) const {
  const std::string target = target_text(binary, offsets.size());
  const auto fits = [&](std::size_t count) { return count == 0 || count == offsets.size(); };
  if (offsets.empty() || !fits(options.cookies.size()) || !fits(options.reference_counters.size()))
    throw bpf::bad_target(*this, EINVAL, target,
                          offsets.empty() ? "no places were given" : "cookies and counters: one each, or none");
  const bool session =
      section().starts_with("uprobe.session") || expected_attach_type() == BpfAttachType::trace_uprobe_session;
  const auto address = [](const std::vector<std::uint64_t>& values) {
    return values.empty() ? std::uintptr_t{0} : reinterpret_cast<std::uintptr_t>(values.data());
  };
  bpf::LinkCreateAttr attr = bpf::link_attr(
      native_handle(), session ? BpfAttachType::trace_uprobe_session : BpfAttachType::trace_uprobe_multi);
  attr.uprobe_multi.path = reinterpret_cast<std::uintptr_t>(binary.c_str());
  attr.uprobe_multi.offsets = reinterpret_cast<std::uintptr_t>(offsets.data());
  attr.uprobe_multi.ref_ctr_offsets = address(options.reference_counters);
  attr.uprobe_multi.cookies = address(options.cookies);
  attr.uprobe_multi.count = static_cast<std::uint32_t>(offsets.size());
  attr.uprobe_multi.flags = section().starts_with("uretprobe") ? bpf::kMultiReturn : 0;
  attr.uprobe_multi.pid = static_cast<std::uint32_t>(bpf::pid_of(options.tasks, 0, *this));
  UniqueFd link = bpf::create_link(attr);
  if (!link)
    throw create_failure(*this, errno, target, attr);
  return LinkAccess::from_fd(std::move(link), *this);
}

}  // namespace fathom
