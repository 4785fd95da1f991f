#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/variable_spec.hpp>

#include <cerrno>
#include <string>

namespace fathom {

void VariableSpec::check_size(std::size_t size) const {
  if (size == value.size())
    return;
  const std::string hint = section == ".kconfig" ? "the kernel's configuration sets it"
                                                 : "it is " + type + " of " + std::to_string(value.size()) +
                                                       " bytes, the C++ type has " + std::to_string(size);
  throw BpfError({.errno_value = EINVAL,
                  .operation = "use the variable",
                  .object = section,
                  .name = name,
                  .cause = BpfCause::bad_object,
                  .hint = hint});
}

}  // namespace fathom
