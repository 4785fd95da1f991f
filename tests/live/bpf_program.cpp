#include "bpf_program.hpp"

#include <fathom/base/error.hpp>

#include <linux/bpf.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>

namespace fathom::live {

UniqueFd load_bpf_program(const std::string& name) {
  // r0 = 0; exit
  std::array<bpf_insn, 2> instructions{};
  instructions[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
  instructions[1].code = BPF_JMP | BPF_EXIT;
  constexpr std::string_view kLicense = "GPL";
  bpf_attr attr{};
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = reinterpret_cast<std::uintptr_t>(instructions.data());
  attr.insn_cnt = static_cast<__u32>(instructions.size());
  attr.license = reinterpret_cast<std::uintptr_t>(kLicense.data());
  name.copy(attr.prog_name, sizeof attr.prog_name - 1);
  const long fd = ::syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
  if (fd < 0)
    throw Error(errno, "load a BPF program");
  return UniqueFd(static_cast<int>(fd));
}

std::string kallsyms_name(const UniqueFd& program, const std::string& name) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(program.get());
  std::ifstream info(path);
  std::string word;
  while (info >> word) {
    if (word == "prog_tag:" && info >> word)
      return std::string("bpf_prog_").append(word).append("_").append(name);
  }
  throw Error(std::errc::not_supported, "find prog_tag in", path);
}

struct PinnedTo::Mask {
  cpu_set_t cpus;
};

PinnedTo::PinnedTo(unsigned cpu) : before_(new Mask) {
  ::sched_getaffinity(0, sizeof before_->cpus, &before_->cpus);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) {
    const int error = errno;
    delete before_;
    throw Error(error, "run on CPU " + std::to_string(cpu));
  }
}

PinnedTo::~PinnedTo() {
  ::sched_setaffinity(0, sizeof before_->cpus, &before_->cpus);
  delete before_;
}

}  // namespace fathom::live
