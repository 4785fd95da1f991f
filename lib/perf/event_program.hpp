#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstdint>
#include <vector>

namespace fathom::perf {

/// How an event runs a program.
struct ProgramLink {
  UniqueFd link;         ///< none on a kernel without links to perf events: then the event holds the program
  std::uint32_t id = 0;  ///< the kernel's number for the link
};

/// A BPF program that events run, by bpf(2): the room of BPF is above this one.
class EventProgram {
 public:
  /// Throws Error (EINVAL, EBADF) if it is no descriptor of a program.
  explicit EventProgram(int program);

  /// Has `event` run it, as long as the result lives. Throws Error.
  [[nodiscard]] ProgramLink attach(int event) const;
  /// Whether the kernel has a link to it that is not one of `own`. Throws Error.
  [[nodiscard]] bool has_links_besides(const std::vector<std::uint32_t>& own) const;

 private:
  int program_;
  std::uint32_t id_;
};

/// As long as the result lives, the kernel counts the runs of all programs. Throws Error.
[[nodiscard]] UniqueFd keep_run_statistics();

}  // namespace fathom::perf
