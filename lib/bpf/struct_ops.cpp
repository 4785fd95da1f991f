#include "error_cause.hpp"
#include "handles.hpp"
#include "libbpf_print.hpp"
#include "link_access.hpp"
#include "object_file.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/struct_ops.hpp>

#include <bpf/libbpf.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fathom {

StructOps::StructOps(const BpfMap& map) : BpfMap(map) {
  if (type() != BpfMapType::struct_ops)
    throw bpf::bad_object(EINVAL, "use as a struct_ops table", object_name(), name(),
                          "it is a map of type " + std::string(to_string(type())));
  if (MapAccess::libbpf(map) == nullptr)
    throw bpf::bad_object(EINVAL, "use as a struct_ops table", {}, name(),
                          "only a table of an object that this process loaded can be attached");
}

BpfLink StructOps::attach() const {
  const bpf::PrintScope scope;
  bpf_link* const link = bpf_map__attach_struct_ops(MapAccess::libbpf(*this));
  if (link == nullptr) {
    BpfFailure failure{.errno_value = errno,
                       .operation = "attach",
                       .object = object_name(),
                       .name = name(),
                       .messages = scope.warnings()};
    failure.cause = bpf::cause_of(failure.errno_value, false);
    if (failure.cause == BpfCause::denied) {
      failure.hint = bpf::denied_hint();
    } else if (failure.errno_value == EEXIST || failure.errno_value == EBUSY) {
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "it is attached already, or another table has this name";
    } else if (failure.errno_value == EINVAL) {
      failure.cause = BpfCause::bad_attach_target;
      failure.hint = "the kernel refuses the table: a function that it needs may be missing";
    }
    throw BpfError(std::move(failure));
  }
  return LinkAccess::from_detacher([link] { bpf_link__destroy(link); }, *this);
}

}  // namespace fathom
