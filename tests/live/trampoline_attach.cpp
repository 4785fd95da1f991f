#include "trampoline_attach.hpp"

#include <fathom/base/unique_fd.hpp>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace fathom::live {

namespace {

std::uint64_t pointer(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}

std::string said(const char* what, int error, const char* log) {
  return std::string(what) + ": " + std::generic_category().message(error) + ' ' + log;
}

}  // namespace

std::string TrampolineAttach::refusal(const std::string& function) const {
  const auto type = kernel_.find(BtfKind::func, function);
  if (!type)
    return "no such function in BTF";
  // r0 = 0; exit
  std::array<bpf_insn, 2> program{};
  program[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
  program[1].code = BPF_JMP | BPF_EXIT;
  std::array<char, 4096> log{};
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_TRACING;
  load.expected_attach_type = BPF_TRACE_FENTRY;
  load.insns = pointer(program.data());
  load.insn_cnt = static_cast<std::uint32_t>(program.size());
  load.license = pointer("GPL");
  load.attach_btf_id = type->id();
  load.log_buf = pointer(log.data());
  load.log_size = static_cast<std::uint32_t>(log.size());
  load.log_level = 1;
  const UniqueFd loaded(static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load)));
  if (!loaded)
    return said("load", errno, log.data());
  bpf_attr attach{};
  attach.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(loaded.get());
  const UniqueFd attached(static_cast<int>(::syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attach, sizeof attach)));
  return attached ? std::string() : said("attach", errno, "");
}

}  // namespace fathom::live
