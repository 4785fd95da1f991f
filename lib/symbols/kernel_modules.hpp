#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fathom::detail {

/// Where a section with code of a loaded kernel module lies.
struct ModuleSection {
  std::uint64_t address;
  std::string module;
  std::string section;
};

/// From SYS/module/*/sections, by address; empty where there are no modules or they may not be read (which needs root).
[[nodiscard]] std::vector<ModuleSection> loaded_sections(const std::string& sys);

/// The build id in a notes file of sysfs, in hex digits; empty if there is none.
[[nodiscard]] std::string build_id_of_notes(const std::string& path);

/// The files below a folder that are kernel modules, by the name that the kernel gives the module: `nf_nat` for
/// `net/netfilter/nf-nat.ko.xz`.
[[nodiscard]] std::multimap<std::string, std::string> module_files(const std::string& folder);

/// The address of `_stext`, of the core kernel, in a kallsyms file; 0 where addresses are hidden. Throws Error.
[[nodiscard]] std::optional<std::uint64_t> text_start(const std::string& kallsyms);

}  // namespace fathom::detail
