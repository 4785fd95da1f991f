#pragma once

#include <fathom/btf/btf.hpp>

#include <optional>
#include <string>

namespace fathom::live {

/// Puts the smallest BPF program there is on a function's entry and takes it off again, by the bpf system call alone.
class TrampolineAttach {
 public:
  TrampolineAttach() : kernel_(Btf::load()) {}

  /// What the kernel says against it; empty if it takes the program.
  [[nodiscard]] std::string refusal(const std::string& function) const;

 private:
  Btf kernel_;
};

}  // namespace fathom::live
