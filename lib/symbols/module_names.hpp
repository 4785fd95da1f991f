#pragma once

#include <set>
#include <string>
#include <string_view>

namespace fathom::symbols {

using ModuleNames = std::set<std::string, std::less<>>;

/// A module's name as the kernel spells it: file names may have `-` for `_`.
[[nodiscard]] std::string module_name(std::string_view name);

/// The names of the modules that a text lists: modules.dep or modules.builtin.
///
///     kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/mbcache.ko.xz
///     kernel/fs/binfmt_script.ko
[[nodiscard]] ModuleNames parse_module_names(std::string_view text);

}  // namespace fathom::symbols
