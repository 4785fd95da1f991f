#include "error_cause.hpp"
#include "handles.hpp"
#include "kernel_constants.hpp"
#include "libbpf_print.hpp"
#include "link_access.hpp"
#include "link_create.hpp"
#include "object_file.hpp"
#include "struct_ops_fill.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/struct_ops.hpp>

#include <bpf/libbpf.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fathom {

namespace {

BpfError attach_error(const BpfMap& table, int error, std::string messages) {
  BpfFailure failure{.errno_value = error,
                     .operation = "attach",
                     .object = table.object_name(),
                     .name = table.name(),
                     .cause = bpf::cause_of(error, false),
                     .messages = std::move(messages)};
  if (failure.cause == BpfCause::denied) {
    failure.hint = bpf::denied_hint(bpf::Right::tracing);
  } else if (error == EEXIST || error == EBUSY) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "it is attached already, or another table has this name";
  } else if (error == EINVAL) {
    failure.cause = BpfCause::bad_attach_target;
    failure.hint = "the kernel refuses the table: a function that it needs may be missing";
  }
  return BpfError(std::move(failure));
}

UniqueFd link_to(const StructOps& table) {
  return bpf::create_link(bpf::link_attr(table.native_handle(), BpfAttachType::struct_ops));
}

BpfLink attach_by_link(const StructOps& table) {
  UniqueFd link = link_to(table);
  // So the kernel says of a map that nobody has written the table into (kernel/bpf/bpf_struct_ops.c).
  if (!link && errno == EINVAL) {
    bpf::fill_struct_ops(table);
    link = link_to(table);
  }
  if (!link)
    throw attach_error(table, errno, {});
  return LinkAccess::from_fd(std::move(link), table);
}

}  // namespace

StructOps::StructOps(const BpfMap& map) : BpfMap(map) {
  if (type() != BpfMapType::struct_ops)
    throw bpf::bad_object(EINVAL, "use as a struct_ops table", object_name(), name(),
                          "it is a map of type " + std::string(to_string(type())));
  if (MapAccess::libbpf(map) == nullptr)
    throw bpf::bad_object(EINVAL, "use as a struct_ops table", {}, name(),
                          "only a table of an object that this process loaded can be attached");
}

BpfLink StructOps::attach() const {
  if ((flags() & bpf::kMapMakesLinks) != 0)
    return attach_by_link(*this);
  const bpf::PrintScope scope;
  bpf_link* const link = bpf_map__attach_struct_ops(MapAccess::libbpf(*this));
  if (link == nullptr)
    throw attach_error(*this, errno, scope.warnings());
  return LinkAccess::from_libbpf(link, *this);
}

namespace bpf {

void fill_struct_ops(const StructOps& table) {
  const PrintScope scope;
  bpf_link* const link = bpf_map__attach_struct_ops(MapAccess::libbpf(table));
  if (link != nullptr) {
    // libbpf 1.1 has written the table and made no link; newer ones made one, which is not wanted. Destroying what 1.1
    // gave would take the table's element away, which the kernel refuses.
    if (bpf_link__fd(link) == table.native_handle())
      bpf_link__disconnect(link);
    bpf_link__destroy(link);
    return;
  }
  // It was written before; or a newer libbpf wrote it, and the link was refused.
  if (const int error = errno; error != EBUSY && error != EEXIST)
    throw attach_error(table, error, scope.warnings());
}

}  // namespace bpf

}  // namespace fathom
