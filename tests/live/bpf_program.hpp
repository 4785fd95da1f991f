#pragma once

#include <fathom/base/unique_fd.hpp>

#include <string>

namespace fathom::live {

/// A BPF program of two instructions that the kernel keeps as long as the descriptor is open: a socket filter, which
/// takes nothing. Loaded with bpf(2) itself. Throws Error.
[[nodiscard]] UniqueFd load_bpf_program(const std::string& name);

/// "bpf_prog_<tag>_name", as /proc/kallsyms and the ksymbol records call that program. From its /proc/self/fdinfo.
[[nodiscard]] std::string kallsyms_name(const UniqueFd& program, const std::string& name);

/// Does the calling thread's work on one CPU while the object lives.
class PinnedTo {
 public:
  explicit PinnedTo(unsigned cpu);
  ~PinnedTo();
  PinnedTo(const PinnedTo&) = delete;
  PinnedTo& operator=(const PinnedTo&) = delete;

 private:
  struct Mask;
  Mask* before_;
};

}  // namespace fathom::live
