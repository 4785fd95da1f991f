#pragma once

#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_program.hpp>

#include <string_view>

namespace fathom {

/// A program of `SEC("freplace/FUNCTION")`: takes the place of a global function of another BPF program, for as long
/// as the link lives.
///
///     auto object = fathom::BpfObject::open("policy.bpf.o");
///     object.program("my_policy").attach_program = xdp.program("filter");   // whose function is replaced
///     auto policy = object.load();
///     auto link = policy.program<fathom::Freplace>("my_policy").attach();
///
/// It is verified against ProgramSpec::attach_program, and may be attached to another program that has a function of
/// the same type. Since Linux 5.6, attach(program, function) since 5.10. Both objects need BTF. Needs CAP_BPF and what
/// the replaced program needs, or CAP_SYS_ADMIN; kernels that forbid changes of their code refuse load() (denied).
class Freplace : public BpfProgram {
 public:
  /// Throws BpfError (bad_object) if it is of another kind.
  explicit Freplace(const BpfProgram& program);

  /// Attaches to the function that it was verified for.
  [[nodiscard]] BpfLink attach() const;
  /// Attaches to this function of another program. One that is not there is a BpfError (no_such_function) with the
  /// nearest names.
  [[nodiscard]] BpfLink attach(const BpfProgram& program, std::string_view function) const;
};

}  // namespace fathom
