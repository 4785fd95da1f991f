#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fathom::symbols {

/// A message of the kernel about one of its objects; views into it.
struct Uevent {
  std::string_view action;     ///< "add"
  std::string_view devpath;    ///< "/module/dummy": below /sys
  std::string_view subsystem;  ///< "module"
  std::uint64_t seqnum = 0;
  bool synthetic = false;  ///< made by writing to an object's `uevent` file (Linux 4.13, commit f36776fafbaa)
};

/// Parses one message (lib/kobject_uevent.c), with \0 where a NUL stands:
///
///     add@/module/dummy\0ACTION=add\0DEVPATH=/module/dummy\0SUBSYSTEM=module\0SEQNUM=1234\0
///
/// Empty if it is anything else, also if it was cut, if a key that counts comes twice, or if the first field
/// contradicts the others. Pure; any bytes will do.
[[nodiscard]] std::optional<Uevent> parse_uevent(std::string_view message);

/// The module that a DEVPATH names; empty if it names none.
[[nodiscard]] std::optional<std::string_view> module_of(std::string_view devpath);

}  // namespace fathom::symbols
