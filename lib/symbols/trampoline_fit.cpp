#include "trampoline_fit.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fathom::symbols {

namespace {

constexpr std::uint64_t kRegisterBytes = 8;
constexpr std::uint64_t kMostBytes = 16;  // of a struct by value: two registers (Linux 6.1)

// What __get_type_size of kernel/bpf/btf.c takes.
std::optional<std::uint64_t> passed_size(BtfType type, bool unions) {
  const BtfType plain = type.resolved();
  switch (plain.kind()) {
    case BtfKind::void_:
      return 0;
    case BtfKind::ptr:
    case BtfKind::int_:
    case BtfKind::enum_:
    case BtfKind::enum64:
    case BtfKind::struct_:
      return plain.size();
    case BtfKind::union_:
      return unions ? plain.size() : std::nullopt;
    default:
      return std::nullopt;
  }
}

TrampolineRefusal refuse(TraceReasonKind kind, BtfType type, std::string_view name) {
  TrampolineRefusal refusal{TraceAnswer::no, {}};
  refusal.reason.kind = kind;
  refusal.reason.names.push_back(type.to_c(name));
  return refusal;
}

TrampolineRefusal too_many(TraceAnswer answer, std::size_t count) {
  TrampolineRefusal refusal{answer, {}};
  refusal.reason.kind = TraceReasonKind::too_many_arguments;
  refusal.reason.count = count;
  return refusal;
}

}  // namespace

// btf_distill_func_proto of kernel/bpf/btf.c, and what arch_prepare_bpf_trampoline adds.
std::optional<TrampolineRefusal> trampoline_refusal(BtfType function, const TrampolineLimit& limit) {
  if (function.is_variadic()) {
    TrampolineRefusal refusal{TraceAnswer::no, {}};
    refusal.reason.kind = TraceReasonKind::variadic;
    return refusal;
  }
  const BtfType returned = function.return_type();
  if (!passed_size(returned, false) || returned.resolved().kind() == BtfKind::struct_)
    return refuse(TraceReasonKind::unfit_return, returned, {});
  if (function.parameters().size() > limit.maybe)
    return too_many(TraceAnswer::no, function.parameters().size());
  std::uint64_t registers = 0;
  for (const BtfParameter parameter : function.parameters()) {
    const auto size = passed_size(parameter.type, limit.unions);
    if (!size || *size == 0 || *size > kMostBytes)
      return refuse(TraceReasonKind::unfit_argument, parameter.type, parameter.name);
    registers += (*size + kRegisterBytes - 1) / kRegisterBytes;
  }
  if (registers > limit.maybe)
    return too_many(TraceAnswer::no, registers);
  if (registers > limit.surely)
    return too_many(TraceAnswer::unknown, registers);
  return std::nullopt;
}

bool denied_to_trampolines(std::string_view function) noexcept {
  // btf_id_deny of kernel/bpf/verifier.c, Linux 5.13 to 6.18.
  static constexpr std::array<std::string_view, 7> kDenied = {
      "__rcu_read_lock",   "__rcu_read_unlock", "migrate_disable",       "migrate_enable",
      "preempt_count_add", "preempt_count_sub", "rcu_read_unlock_strict"};
  return std::ranges::find(kDenied, function) != kDenied.end();
}

}  // namespace fathom::symbols
