#pragma once

#include <fathom/symbols/inline_sites.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace fathom {

/// How DwarfInlineSites reads its file.
struct DwarfInlineSitesOptions {
  /// Callers that are kept of each function, the first ones in the order of the file.
  std::size_t max_callers = 16;
};

/// InlineSites of a file with DWARF: a kernel's vmlinux.
///
///     fathom::DwarfInlineSites sites("/usr/lib/debug/boot/vmlinux-6.1.0-56-amd64");
///     const auto summary = sites.find("rw_verify_area");
///     if (summary && summary->inlined_everywhere())
///       std::cout << "has no code of its own in " << sites.source() << '\n';
///
/// The constructor goes through all units once, which takes seconds for a vmlinux, and closes the file; what is kept is
/// the names and some numbers. A call that was inlined into a function which itself was inlined counts once for each
/// copy. Counted is what the file holds: not the modules. Afterwards const, so any thread may ask.
class DwarfInlineSites final : public InlineSites {
 public:
  /// Throws Error with the path (ENOENT, EACCES; ENOEXEC: it is no ELF file, or has no DWARF).
  explicit DwarfInlineSites(const std::string& path, const DwarfInlineSitesOptions& options = {});
  ~DwarfInlineSites() override;

  [[nodiscard]] std::optional<InlineSummary> find(std::string_view function) const override;
  [[nodiscard]] const std::string& source() const noexcept override;
  /// How many functions are known by name.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  struct Table;
  std::unique_ptr<const Table> table_;
};

}  // namespace fathom
