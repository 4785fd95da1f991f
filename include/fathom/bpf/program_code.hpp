#pragma once

#include <fathom/bpf/bpf_program.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fathom {

/// An instruction as the verifier left it: `struct bpf_insn` (Documentation/bpf/standardization/instruction-set.rst).
/// Those of 16 bytes are two of these.
struct BpfInstruction {
  std::uint8_t code{};              ///< the opcode: what is done, and with operands of which kind
  std::uint8_t destination : 4 {};  ///< register
  std::uint8_t source : 4 {};       ///< register
  /// Of a load or store, bytes from the address in the register; of a jump, instructions from the next one (a long jump
  /// has that in `immediate`). Of others it selects a variant, mostly 0.
  std::int16_t offset{};
  /// The constant operand; of a call, what is called; of 16 bytes, the lower or the upper half of the constant.
  std::int32_t immediate{};
};
static_assert(sizeof(BpfInstruction) == 8);

/// A line of the program's source, from where on it is executed.
struct BpfSourceLine {
  std::uint32_t instruction{};  ///< index in BpfCode::xlated
  std::uint64_t address{};      ///< of its machine code; 0 without JIT or rights
  std::string file;             ///< as the compiler was given it
  std::uint32_t line{};         ///< from 1
  std::uint32_t column{};       ///< from 1
  std::string text;             ///< the line itself
};

/// A function of the program: itself and its subprograms.
struct BpfCodeFunction {
  std::string name;             ///< as in BTF; empty if that has none
  std::uint32_t instruction{};  ///< its first, an index in BpfCode::xlated
  std::uint64_t address{};      ///< of its machine code, as in /proc/kallsyms; 0 without JIT or rights
  std::size_t jited_size{};     ///< bytes of machine code
};

/// What the kernel runs of a program.
struct BpfCode {
  std::vector<BpfInstruction> xlated;      ///< with the kernel's addresses left out
  std::vector<std::byte> jited;            ///< machine code, function by function; empty without JIT
  std::vector<BpfSourceLine> lines;        ///< in the order of the instructions; none without BTF
  std::vector<BpfCodeFunction> functions;  ///< in the order of the instructions; none without BTF
};

/// The instructions, machine code and source lines of a loaded program.
///
///     for (const auto& line : fathom::read_code(bpf.program("on_open")).lines)
///       std::cout << line.instruction << ": " << line.file << ':' << line.line << ' ' << line.text << '\n';
///
/// Since Linux 4.13, lines and functions since 5.0. Needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; what the kernel
/// hides from this process (instructions under lockdown, addresses under kptr_restrict) is empty or 0. Throws BpfError.
[[nodiscard]] BpfCode read_code(const BpfProgram& program);

}  // namespace fathom
