#include "attach_failure.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "target_names.hpp"
#include "tracing_link.hpp"

#include <fathom/base/nearest_names.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/freplace.hpp>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fathom {

namespace {

struct FreeBtf {
  void operator()(btf* types) const noexcept { btf__free(types); }
};
using BtfPointer = std::unique_ptr<btf, FreeBtf>;

// Null with the reason in `error`.
BtfPointer types_of(const BpfProgram& program, int& error) {
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  if (::bpf_obj_get_info_by_fd(program.native_handle(), &info, &size) != 0) {
    error = errno;
    return nullptr;
  }
  if (info.btf_id == 0) {
    error = ENOENT;
    return nullptr;
  }
  BtfPointer types(btf__load_from_kernel_by_id(info.btf_id));
  error = types ? 0 : errno;
  return types;
}

std::string near_functions(const btf* types, const std::string& wanted) {
  NearestNames nearest(wanted);
  for (__u32 id = 1; id < btf__type_cnt(types); ++id) {
    const btf_type* type = btf__type_by_id(types, id);
    if (btf_is_func(type))
      nearest.offer(btf__name_by_offset(types, type->name_off));
  }
  return bpf::nearest_names_hint(nearest);
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
  int error = 0;
  const BtfPointer types = types_of(program, error);
  if (!types)
    throw bpf::bad_target(*this, error, target, "that program has no BTF that can be read");
  const int id = btf__find_by_name_kind(types.get(), name.c_str(), BTF_KIND_FUNC);
  if (id < 0) {
    BpfFailure failure = bpf::attach_failure(*this, ENOENT, target);
    failure.cause = BpfCause::no_such_function;
    failure.hint = "that program's object has no such function" + near_functions(types.get(), name);
    throw BpfError(std::move(failure));
  }
  bpf::LinkCreateAttr attr = bpf::link_attr(native_handle(), BpfAttachType{}, program.native_handle());
  attr.tracing.target_btf_id = static_cast<std::uint32_t>(id);
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
