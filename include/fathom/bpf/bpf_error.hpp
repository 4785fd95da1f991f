#pragma once

#include <fathom/base/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fathom {

/// Why BPF would not: what a program decides by, where errno alone says too little.
enum class BpfCause : std::uint8_t {
  unsupported,        ///< this kernel does not have it: a program, map, link or attach type, a helper
  denied,             ///< not allowed: capabilities, lockdown or a security module
  verifier,           ///< the verifier refused the program; log() says why
  no_such_function,   ///< the kernel function, or its description in BTF, that the program names is not there
  bad_attach_target,  ///< the event, device, cgroup, ... to attach to is not there or does not take this program
  bad_object,         ///< the object file is damaged, has no BTF, lacks the name asked for, or a type does not fit
  resource,           ///< no memory, too large, too many
  other               ///< none of these; errno says what is known
};

/// The enumerator's own name: "bad_attach_target".
[[nodiscard]] std::string_view to_string(BpfCause cause) noexcept;

/// What a BpfError is made of; only `operation` has to be given.
struct BpfFailure {
  int errno_value = 0;               ///< an errno, or one of libbpf's own numbers from 4000
  std::string operation;             ///< a phrase that follows "cannot": "load", "attach"
  std::string object{};              ///< the object's name or path
  std::string name{};                ///< the program's, map's or variable's; empty where it is about the whole object
  std::string target{};              ///< what to attach to, or where to pin: "the tracepoint sched:sched_switch"
  BpfCause cause = BpfCause::other;  ///< the class of cause; taken as it is, not found out from errno_value
  std::string hint{};                ///< what to do about it
  std::string log{};                 ///< the verifier's log, whole
  std::string messages{};            ///< what libbpf said meanwhile, a line each
};

/// A BPF operation failed: what was tried with which object, program or map; what class of cause it is; and all that
/// the kernel's verifier and libbpf said.
///
///     try { auto bpf = fathom::BpfObject::open("opensnoop.bpf.o").load(); }
///     catch (const fathom::BpfError& e) {
///       std::cerr << e.what() << '\n';    // cannot load on_open (opensnoop): Permission denied (R1 type=scalar
///       expected=fp) if (e.cause() == fathom::BpfCause::verifier) std::cerr << e.log();
///     }
///
/// A hint is true on the running kernel: the capabilities and the lockdown state are looked at before they are blamed.
/// Copies share their text and do not throw. Distinct objects are safe to use from distinct threads.
class BpfError : public Error {
 public:
  /// Made of these parts; summary() comes from the log.
  explicit BpfError(BpfFailure failure);

  /// The class of cause.
  [[nodiscard]] BpfCause cause() const noexcept;
  /// What was tried: "load", "attach", "open".
  [[nodiscard]] const std::string& operation() const noexcept;
  /// The object's name or path.
  [[nodiscard]] const std::string& object() const noexcept;
  /// The program's, map's or variable's name; empty where it is about the whole object.
  [[nodiscard]] const std::string& name() const noexcept;
  /// What was to be attached to, or where it was to be pinned; empty for other operations.
  [[nodiscard]] const std::string& target() const noexcept;
  /// The verifier's log, whole (or, where it would be above 1 GB, its end); empty where the verifier said nothing.
  [[nodiscard]] const std::string& log() const noexcept;
  /// The lines of the log that tell why: the last before the statistics, with those it needs to be understood.
  [[nodiscard]] const std::string& summary() const noexcept;
  /// What libbpf said during the operation, a line each.
  [[nodiscard]] const std::string& messages() const noexcept;

 private:
  struct Detail;
  explicit BpfError(std::shared_ptr<const Detail> detail);

  std::shared_ptr<const Detail> detail_;
};

/// The lines of a verifier log that tell why the program was refused, joined by newlines; empty for an empty log. Pure.
[[nodiscard]] std::string summarize_verifier_log(std::string_view log);

}  // namespace fathom
