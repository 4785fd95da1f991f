#pragma once

#include <fathom/btf/btf_type.hpp>
#include <fathom/symbols/trace_verdict.hpp>

#include <optional>
#include <string_view>

namespace fathom::symbols {

/// How many registers' worth of arguments the trampolines of a kernel pass on.
struct TrampolineLimit {
  unsigned surely = 6;  // what every architecture with trampolines can
  unsigned maybe = 12;  // MAX_BPF_FUNC_ARGS (include/linux/bpf.h)
  bool unions = false;  // by value, as structs (ccb4f5d91ec4, Linux 6.18)
};

/// What a BPF trampoline cannot pass on of a function's arguments or its return value; empty if it can. `answer` is
/// unknown if only the architecture's limit decides, and that is not known.
struct TrampolineRefusal {
  TraceAnswer answer;
  TraceReason reason;
};
[[nodiscard]] std::optional<TrampolineRefusal> trampoline_refusal(BtfType function, const TrampolineLimit& limit);

/// A function that BPF trampolines themselves call, so that none may be on it.
[[nodiscard]] bool denied_to_trampolines(std::string_view function) noexcept;

}  // namespace fathom::symbols
