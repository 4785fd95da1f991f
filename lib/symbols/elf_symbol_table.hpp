#pragma once

#include "elf_image.hpp"
#include "interval_map.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::detail {

/// The code symbols of one binary, copied out of it: names in one arena, ranges cut into pieces.
class ElfSymbolTable {
 public:
  struct Hit {
    std::string_view name;  ///< lives as long as the table
    std::uint64_t start;
  };

  ElfSymbolTable() = default;
  /// Reads .symtab of each image; of the first image, where it has none, .dynsym; and its PLT.
  explicit ElfSymbolTable(const std::vector<const ElfImage*>& images);

  [[nodiscard]] bool empty() const noexcept { return symbols_.empty(); }
  [[nodiscard]] std::optional<Hit> find(std::uint64_t address) const noexcept;
  /// The address of a name, code or not, as `wanted` has them; absent if there is none.
  static std::optional<std::uint64_t> address_of(const ElfImage& image, std::string_view name);

 private:
  struct Symbol {
    std::uint64_t start;
    std::uint32_t name;  ///< where it starts in names_
    std::uint32_t size;  ///< of the name
  };

  std::vector<Symbol> symbols_;
  std::string names_;
  IntervalMap sized_;
  IntervalMap labels_;
};

/// A stub of the procedure linkage table.
struct PltStub {
  std::uint64_t address;
  std::uint64_t size;
  std::string_view function;  ///< what it calls; lives as long as the image
};

/// The names that a forged binary can give are many times its size, for they may share their bytes: longer ones count
/// as none.
inline constexpr std::size_t kLongestElfName = 64U << 10U;

/// A name in an image as elf_strptr() gives it; empty if it is null or too long.
[[nodiscard]] std::string_view elf_name(const char* name) noexcept;

/// The stubs of an x86-64 binary; of others none.
[[nodiscard]] std::vector<PltStub> plt_stubs(const ElfImage& image);

}  // namespace fathom::detail
