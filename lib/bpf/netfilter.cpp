#include "attach_failure.hpp"
#include "link_access.hpp"
#include "link_create.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/netfilter.hpp>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

namespace {

std::string target_text(const NetfilterOptions& options) {
  constexpr std::array<std::string_view, 5> kHooks = {"pre_routing", "local_in", "forward", "local_out",
                                                      "post_routing"};
  const auto hook = static_cast<std::size_t>(options.hook);
  return "the netfilter hook " + (hook < kHooks.size() ? std::string(kHooks[hook]) : std::to_string(hook)) +
         " at priority " + std::to_string(options.priority);
}

// net/netfilter/nf_bpf_link.c, bpf_nf_link_attach and what it calls.
BpfError failure_of(const BpfProgram& program, int error, const NetfilterOptions& options) {
  BpfFailure failure = bpf::attach_failure(program, error, target_text(options));
  const auto bad = [&](const char* hint) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = hint;
  };
  switch (error) {
    case EBUSY:
      bad("a program is there at this priority already");
      break;
    case ERANGE:
      bad(options.defragment ? "with `defragment` the priority must be above -400"
                             : "the lowest and the highest priority are the kernel's own");
      break;
    case EAFNOSUPPORT:
      bad("this kernel has no such protocol");
      break;
    case EPROTO:
      bad("there is no such hook");
      break;
    case EINVAL:
      if (options.defragment) {
        failure.cause = BpfCause::unsupported;
        failure.hint = "the module nf_defrag_ipv4 or nf_defrag_ipv6 cannot be loaded";
      }
      break;
    case EOPNOTSUPP:
      failure.hint = options.defragment ? "`defragment` came with Linux 6.6" : "the kernel takes no such flag";
      break;
    default:
      break;
  }
  return BpfError(std::move(failure));
}

}  // namespace

Netfilter::Netfilter(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::netfilter, "a netfilter program") {}

BpfLink Netfilter::attach(const NetfilterOptions& options) const {
  bpf::LinkCreateAttr attr = bpf::link_attr(native_handle(), BpfAttachType::netfilter);
  attr.netfilter = {.pf = static_cast<std::uint32_t>(options.family),
                    .hooknum = static_cast<std::uint32_t>(options.hook),
                    .priority = options.priority,
                    .flags = options.defragment ? bpf::kNetfilterDefragment : 0};
  UniqueFd link = bpf::create_link(attr);
  if (!link)
    throw failure_of(*this, errno, options);
  return LinkAccess::from_fd(std::move(link), *this);
}

}  // namespace fathom
