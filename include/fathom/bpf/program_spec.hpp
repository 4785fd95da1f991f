#pragma once

#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace fathom {

/// A program of an opened object, before it is loaded: a plain value, to be edited in place.
///
///     auto object = fathom::BpfObject::open("trace.bpf.o");
///     object.program("on_open").attach_target = "syscalls/sys_enter_openat2";
///     object.program("debug_only").autoload = false;
///     object.program("big").log_level = 1;                  // BpfProgram::verifier_log() even if it loads
struct ProgramSpec {
  std::string name;                      ///< the function's; says which program this is, and is not to be changed
  std::string section;                   ///< the ELF section, "tp/sched/sched_switch"; not to be changed
  std::size_t instruction_count{};       ///< as compiled; 0 is changed by nobody
  BpfProgramType type{};                 ///< as the section says
  BpfAttachType expected_attach_type{};  ///< as the section says; the first enumerator where a type has none
  bool autoload = true;                  ///< whether load() loads it
  /// What it is to be attached to: what stands behind the section's first '/'. Of fentry, fexit, lsm, tp_btf, iter and
  /// freplace it is needed to load the program, of the others it is what attach() uses if it is told nothing else.
  std::string attach_target;
  /// freplace, and fentry on BPF: the program whose function `attach_target` is.
  std::optional<BpfProgram> attach_program;
  std::uint32_t flags{};  ///< BPF_F_SLEEPABLE and so on, besides those that the section implies
  /// 0: the verifier's log is asked for only when it refuses. 1: always; 2: always, with every step; 4: statistics
  /// alone. These may be added.
  std::uint32_t log_level{};
};

}  // namespace fathom
