#pragma once

#include <fathom/bpf/bpf_types.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

namespace detail {
struct ProgramHandle;
}  // namespace detail

/// What the kernel says about a loaded program.
struct BpfProgramInfo {
  std::uint32_t id{};                     ///< the kernel's number for it
  BpfProgramType type{};                  ///< what kind of program it is
  std::string name;                       ///< at most 15 bytes of it: what the kernel keeps
  std::string tag;                        ///< 16 hexadecimal digits, a hash of the instructions
  std::uint32_t xlated_size{};            ///< bytes of instructions, as the verifier left them
  std::uint32_t jited_size{};             ///< bytes of machine code; 0 without JIT or without rights
  std::uint32_t verified_instructions{};  ///< what the verifier went through; since Linux 5.16
  std::vector<std::uint32_t> map_ids;     ///< of the maps that it uses, those of global variables included
  std::uint64_t run_count{};              ///< counted only while statistics are on
  std::chrono::nanoseconds run_time{};    ///< the same
  std::uint64_t recursion_misses{};       ///< runs left out, since a program was running already; since Linux 5.12
};

/// A program in the kernel: a handle, and the base of the classes that can attach one (Tracepoint, RawTracepoint, ...).
///
///     fathom::BpfProgram program = bpf.program("on_open");
///     std::cout << program.name() << ' ' << program.info().tag << '\n';
///     auto link = fathom::Tracepoint(program).attach();      // or bpf.program<fathom::Tracepoint>("on_open")
///     program.pin("/sys/fs/bpf/on_open");
///
/// Copies are of one program, which stays loaded as long as a handle, a link, a pin or the kernel holds it; a move is a
/// copy. A handle from a LoadedBpf keeps the whole object alive. Const members are safe from several threads. Needs
/// CAP_BPF (and CAP_PERFMON or CAP_NET_ADMIN, as the type asks) or CAP_SYS_ADMIN. Throws BpfError.
class BpfProgram {
 public:
  BpfProgram(const BpfProgram&) noexcept = default;
  BpfProgram& operator=(const BpfProgram&) noexcept = default;
  /// A copy, so that what is left can be used.
  BpfProgram(BpfProgram&& other) noexcept : handle_(other.handle_) {}  // NOLINT(performance-move-constructor-init)
  BpfProgram& operator=(BpfProgram&& other) noexcept { return *this = other; }  ///< the same
  ~BpfProgram() = default;

  /// The program that is pinned there; BpfError (bad_object) if a map or a link is.
  [[nodiscard]] static BpfProgram open_pinned(const std::string& path);
  /// The program of this id. Needs CAP_SYS_ADMIN.
  [[nodiscard]] static BpfProgram from_id(std::uint32_t id);

  /// The function's whole name; of one that was not loaded here, the kernel's 15 bytes.
  [[nodiscard]] const std::string& name() const noexcept;
  /// The ELF section; empty of one that was not loaded here.
  [[nodiscard]] const std::string& section() const noexcept;
  /// ProgramSpec::attach_target; empty of one that was not loaded here.
  [[nodiscard]] const std::string& attach_target() const noexcept;
  /// What kind of program it is; no system call.
  [[nodiscard]] BpfProgramType type() const noexcept;
  /// What it was verified for. The kernel does not tell that of a program that was not loaded here: the first
  /// enumerator.
  [[nodiscard]] BpfAttachType expected_attach_type() const noexcept;
  /// The name of the object that it is from; empty of one that was not loaded here.
  [[nodiscard]] const std::string& object_name() const noexcept;
  /// The kernel's number for it, one system call.
  [[nodiscard]] std::uint32_t id() const { return info().id; }
  /// The kernel's hash of its instructions, one system call.
  [[nodiscard]] std::string tag() const { return info().tag; }
  /// What the kernel says of it now.
  [[nodiscard]] BpfProgramInfo info() const;
  /// Runs so far, while statistics were on.
  [[nodiscard]] std::uint64_t run_count() const { return info().run_count; }
  /// Time spent in those runs.
  [[nodiscard]] std::chrono::nanoseconds run_time() const { return info().run_time; }
  /// The verifier's log of a load that went well, if ProgramSpec::log_level asked for one.
  [[nodiscard]] const std::string& verifier_log() const noexcept;
  /// The file descriptor, which stays the handle's.
  [[nodiscard]] int native_handle() const noexcept;

  /// Makes the file `path` in a bpf file system hold the program.
  void pin(const std::string& path) const;
  /// Removes that file; the program stays while anything else holds it.
  void unpin(const std::string& path) const;

 protected:
  /// The shape that every kind has: throws BpfError (bad_object), naming both kinds, unless `fits`.
  BpfProgram(const BpfProgram& program, bool fits, const char* kind);

 private:
  friend struct ProgramAccess;
  explicit BpfProgram(std::shared_ptr<const detail::ProgramHandle> handle) : handle_(std::move(handle)) {}

  std::shared_ptr<const detail::ProgramHandle> handle_;
};

}  // namespace fathom
