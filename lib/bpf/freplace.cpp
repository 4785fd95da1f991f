#include "attach_failure.hpp"
#include "btf_pointer.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "target_names.hpp"
#include "tracing_link.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/freplace.hpp>
#include <fathom/btf/btf.hpp>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

namespace {

BpfError no_types(const BpfProgram& replacement, int errno_value, const std::string& target) {
  return bpf::bad_target(replacement, errno_value, target, "that program has no BTF that can be read");
}

// What the kernel keeps of the types of the program's object. Throws the error that says what is missing.
Btf types_of(const BpfProgram& program, const BpfProgram& replacement, const std::string& target) {
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  if (::bpf_obj_get_info_by_fd(program.native_handle(), &info, &size) != 0)
    throw no_types(replacement, errno, target);
  if (info.btf_id == 0)
    throw no_types(replacement, ENOENT, target);
  const bpf::BtfPointer types(btf__load_from_kernel_by_id(info.btf_id));
  if (!types)
    throw no_types(replacement, errno, target);
  const void* const bytes = btf__raw_data(types.get(), &size);
  if (bytes == nullptr)
    throw no_types(replacement, ENOMEM, target);
  return Btf::parse({static_cast<const std::byte*>(bytes), size});
}

}  // namespace

Freplace::Freplace(const BpfProgram& program)
    : BpfProgram(program, program.type() == BpfProgramType::ext, "an freplace program") {}

BpfLink Freplace::attach() const {
  return bpf::attach_tracing(*this, std::nullopt);
}

BpfLink Freplace::attach(const BpfProgram& program, std::string_view function) const {
  const std::string name(function);
  const std::string target = "the function " + name + " of " + program.name();
  const Btf types = types_of(program, *this, target);
  const auto replaced = types.find(BtfKind::func, function);
  if (!replaced) {
    BpfFailure failure = bpf::attach_failure(*this, ENOENT, target);
    failure.cause = BpfCause::no_such_function;
    failure.hint = "that program's object has no such function" + bpf::near_functions(types, name);
    throw BpfError(std::move(failure));
  }
  bpf::LinkCreateAttr attr = bpf::link_attr(native_handle(), BpfAttachType{}, program.native_handle());
  attr.tracing.target_btf_id = replaced->id();
  UniqueFd link = bpf::create_link(attr);
  if (link)
    return LinkAccess::from_fd(std::move(link), *this);
  BpfFailure failure = bpf::attach_failure(*this, errno, target);
  if (failure.errno_value == EINVAL || failure.errno_value == EBUSY) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = failure.errno_value == EBUSY ? "the function is replaced already"
                                                : "the function is not global, or its type is not the replacement's";
  }
  throw BpfError(std::move(failure));
}

}  // namespace fathom
