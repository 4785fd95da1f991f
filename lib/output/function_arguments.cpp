#include "function_arguments.hpp"

#include <fathom/btf/btf_kind.hpp>
#include <fathom/btf/btf_type.hpp>

#include <cstddef>

// kernel/trace/trace_output.c, print_function_args() of Linux 6.15 to 7.0.
namespace fathom::output {

namespace {

void append_hex(std::uint64_t value, TextBuffer& out) {
  out.append("0x");
  out.hex(value);
}

// All of it is printed, also where the type is narrower: the kernel does not know which part of a register counts.
void append_value(const BtfType& type, std::uint64_t value, TextBuffer& out) {
  switch (type.kind()) {
    case BtfKind::int_:
      return type.is_signed() ? out.signed_decimal(static_cast<std::int64_t>(value)) : append_hex(value, out);
    case BtfKind::enum_: {
      out.signed_decimal(static_cast<std::int64_t>(value));
      for (const BtfEnumerator& enumerator : type.enumerators()) {
        if (static_cast<std::int32_t>(enumerator.value) != static_cast<std::int32_t>(value))
          continue;
        out.append(" [");
        out.append(enumerator.name);
        out.append(']');
        return;
      }
      return;
    }
    case BtfKind::void_:
      out.append('?');
      return append_hex(value, out);
    default:
      return append_hex(value, out);
  }
}

bool is_one_word(BtfKind kind) noexcept {
  return kind == BtfKind::int_ || kind == BtfKind::enum_ || kind == BtfKind::ptr || kind == BtfKind::void_;
}

}  // namespace

void append_arguments(const Btf* types, std::string_view function, std::span<const std::uint64_t> registers,
                      TextBuffer& out) {
  constexpr std::uint64_t kWord = 8;
  out.append('(');
  const auto found = types == nullptr ? std::nullopt : types->find(BtfKind::func, function);
  const auto prototype = found ? found->prototype() : std::nullopt;
  if (!prototype)
    return out.append(')');
  std::size_t at = 0;
  bool first = true;
  for (const BtfParameter& parameter : prototype->parameters()) {
    if (!first)
      out.append(", ");
    first = false;
    if (at >= registers.size()) {
      out.append("...");
      break;
    }
    out.append(parameter.name);
    out.append('=');
    const BtfType type = parameter.type.resolved();
    if (is_one_word(type.kind())) {
      append_value(type, registers[at++], out);
      continue;
    }
    out.append('(');
    out.append(to_string(type.kind()));
    out.append(")[");
    append_hex(registers[at++], out);
    for (std::uint64_t bytes = kWord; bytes < type.size().value_or(0); bytes += kWord) {
      out.append(':');
      if (at >= registers.size())
        return out.append("...])");
      append_hex(registers[at++], out);
    }
    out.append(']');
  }
  // To the kernel the `...` of a function is one more argument, without name and type.
  if (prototype->is_variadic() && at < registers.size()) {
    out.append(first ? "=" : ", =");
    out.append('?');
    append_hex(registers[at], out);
  } else if (prototype->is_variadic() && prototype->parameters().size() == registers.size()) {
    out.append(", ...");
  }
  out.append(')');
}

}  // namespace fathom::output
