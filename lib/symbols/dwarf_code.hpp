#pragma once

#include "elf_image.hpp"
#include "interval_map.hpp"

#include <fathom/symbols/elf_symbolizer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct Dwarf;
struct Dwarf_Lines_s;

namespace fathom::detail {

/// The functions, inlined calls and source lines of one file's DWARF, decoded one unit at a time, when an address in it
/// is first looked up. libdw's own look-up of inlined calls walks the unit's tree for each address.
class DwarfCode {
 public:
  /// `supplement` (.gnu_debugaltlink) may be null. Null if there is no DWARF that can be read.
  static std::unique_ptr<DwarfCode> read(std::unique_ptr<ElfImage> image, std::unique_ptr<ElfImage> supplement);
  ~DwarfCode();
  DwarfCode(const DwarfCode&) = delete;
  DwarfCode& operator=(const DwarfCode&) = delete;

  struct Answer {
    /// Innermost first. The last is not inlined, unless the DWARF has no function for it; it may be the only one,
    /// without names, where there is just a line. Empty if nothing is known.
    std::vector<CodeFrame> frames;
    std::optional<std::uint64_t> start;  ///< where the function begins that is not inlined
  };
  [[nodiscard]] Answer at(std::uint64_t address);

  /// What is kept decoded.
  [[nodiscard]] std::size_t decoded_records() const noexcept { return decoded_records_; }
  /// Keeps nothing decoded, neither here nor in libdw.
  void forget();

 private:
  struct Function {
    std::uint64_t die;
    std::uint32_t parent;  ///< index, or kNoParent
    std::uint32_t call_file;
    std::uint32_t call_line;
    std::uint32_t call_column;
    bool inlined;
  };
  struct Unit {
    std::uint64_t die = 0;
    bool decoded = false;
    std::vector<Function> functions;
    IntervalMap ranges;
    Dwarf_Lines_s* lines = nullptr;
    std::size_t line_count = 0;
  };
  struct Place {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
  };

  DwarfCode() = default;
  bool open();
  void close() noexcept;
  void read_units();
  void decode(Unit& unit);
  [[nodiscard]] static Place line_at(const Unit& unit, std::uint64_t address);

  std::unique_ptr<ElfImage> image_;
  std::unique_ptr<ElfImage> supplement_;
  Dwarf* dwarf_ = nullptr;
  Dwarf* supplement_dwarf_ = nullptr;
  std::vector<Unit> units_;
  IntervalMap unit_at_;
  std::size_t decoded_records_ = 0;
};

/// What the image's .gnu_debugaltlink names.
struct DebugSupplement {
  std::string name;
  std::string build_id;  ///< hex digits
};
[[nodiscard]] std::optional<DebugSupplement> debug_supplement(const ElfImage& image);

}  // namespace fathom::detail
