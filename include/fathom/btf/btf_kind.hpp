#pragma once

#include <cstdint>
#include <string_view>

namespace fathom {

/// What a BTF type is, with the kernel's numbers (include/uapi/linux/btf.h). Those of C's words carry an underscore.
///
/// A kernel may know kinds that this library does not; BTF that says how long their records are (Linux 7.1) can be
/// parsed all the same, and such a type has a number that is none of these.
enum class BtfKind : std::uint8_t {
  void_ = 0,  ///< no type: what `void *` points to. Has id 0 and no record
  int_ = 1,   ///< integers, `char`, `_Bool`
  ptr = 2,
  array = 3,
  struct_ = 4,
  union_ = 5,
  enum_ = 6,  ///< an enum whose values fit 32 bits
  fwd = 7,    ///< a struct or union that is named but not described
  typedef_ = 8,
  volatile_ = 9,
  const_ = 10,
  restrict_ = 11,
  func = 12,        ///< a function with its name; its prototype is a type of its own
  func_proto = 13,  ///< return type and parameters
  var = 14,         ///< a global variable
  datasec = 15,     ///< the variables of an ELF section
  float_ = 16,      ///< Linux 5.13
  decl_tag = 17,    ///< a word attached to a declaration: `bpf_kfunc`. Linux 5.16
  type_tag = 18,    ///< a word attached to a type: `user`, `rcu`, `percpu`. Linux 5.17
  enum64 = 19,      ///< an enum that needs 64 bits. Linux 6.0
};

/// The kernel's word: `STRUCT`, `FUNC_PROTO`; `UNKNOWN` for a number that is none of the enumerators.
[[nodiscard]] std::string_view to_string(BtfKind kind) noexcept;

}  // namespace fathom
