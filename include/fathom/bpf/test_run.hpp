#pragma once

#include <fathom/bpf/bpf_program.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fathom {

/// What a program is run on by test_run(). Which of these a type of program takes is the kernel's to say; it refuses
/// the others with EINVAL.
struct TestRunOptions {
  std::span<const std::byte> data{};     ///< the packet; of XDP and tc at least an Ethernet header of 14 bytes
  std::span<std::byte> data_out{};       ///< where the packet is copied to afterwards
  std::span<const std::byte> context{};  ///< `struct xdp_md`, `__sk_buff`, a syscall program's argument, ...
  std::span<std::byte> context_out{};    ///< where it is copied to afterwards
  std::uint32_t repeat = 1;              ///< how often; the duration is the mean
  std::uint32_t flags = 0;               ///< BPF_F_TEST_RUN_ON_CPU, BPF_F_TEST_XDP_LIVE_FRAMES
  std::uint32_t cpu = 0;                 ///< with BPF_F_TEST_RUN_ON_CPU
  std::uint32_t batch_size = 0;          ///< with BPF_F_TEST_XDP_LIVE_FRAMES
};

/// What came of it.
struct TestRunResult {
  std::uint32_t return_value{};         ///< the program's, of the last run
  std::chrono::nanoseconds duration{};  ///< of one run, the mean of all; 0 where the type's test run takes no time
  std::size_t data_size{};              ///< bytes of the packet afterwards; more than data_out holds: it was cut
  std::size_t context_size{};           ///< bytes of the context afterwards
};

/// Runs a loaded program without attaching it (BPF_PROG_TEST_RUN), on a packet or context that is given.
///
///     std::array<std::byte, 64> packet{};
///     const auto result = fathom::test_run(bpf.program("on_packet"), {.data = packet, .repeat = 1000});
///     std::cout << result.return_value << " in " << result.duration.count() << " ns\n";
///
/// Since Linux 4.12 for packets, 5.10 for raw tracepoints, 5.14 for `syscall` programs; tracing programs only as far as
/// the kernel has a test for them, others not at all: BpfError (unsupported). What SyscallProgram::run() does is the
/// same for programs that are meant to be run so. Needs the rights that loading needs. Blocks while it runs: a signal
/// ends it with EINTR. Threads may run one program at the same time.
[[nodiscard]] TestRunResult test_run(const BpfProgram& program, const TestRunOptions& options = {});

}  // namespace fathom
