#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::bench {

/// The usual way to look symbols up: an array sorted by address, searched by halves.
class SortedSymbols {
 public:
  struct Symbol {
    std::uint64_t address = 0;
    std::string name;
  };

  /// Line by line, with getline and strtoull.
  static SortedSymbols with_getline(const std::string& path);
  /// With fscanf, as the tools in bcc's libbpf-tools do.
  static SortedSymbols with_fscanf(const std::string& path);

  /// The last symbol at or before an address, or null.
  [[nodiscard]] const Symbol* find(std::uint64_t address) const;
  /// The first of that name, compared with one after the other, or null.
  [[nodiscard]] const Symbol* named(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return symbols_.size(); }

 private:
  void sort();

  std::vector<Symbol> symbols_;
};

/// Reads a file with read(2) into one buffer, and does nothing with it. Gives its size.
std::size_t only_read(const std::string& path);

/// Of this thread, in user and in kernel mode, so far.
double cpu_seconds();

}  // namespace fathom::bench
