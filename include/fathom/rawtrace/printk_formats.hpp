#pragma once

#include <fathom/base/parse_stats.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fathom {

/// The texts that records hold only the addresses of: the file `printk_formats`.
///
///     const auto texts = PrintkFormats::parse(read("/sys/kernel/tracing/printk_formats"));
///     texts.find(0xffffffff82265a4a);                       // "Start context switch"
///     texts.stats().skipped(SkipReason::unknown_line);
///
/// A line (Linux 6.1): what tracepoint_string() marks, and the formats of trace_printk(). Quotes, backslashes, newlines
/// and tabs are escaped, and come out as they were:
///
///     0xffffffff82265a4a : "Start context switch"
///
/// A value that owns its texts; views are good as long as it is not changed. Safe to share between threads that read.
class PrintkFormats {
 public:
  /// Reads the text of the file. Never throws for what stands in it: see stats().
  [[nodiscard]] static PrintkFormats parse(std::string_view text);

  /// The text at an address; empty if there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::uint64_t address) const&;
  void find(std::uint64_t address) const&& = delete;
  /// How many there are.
  [[nodiscard]] std::size_t size() const noexcept { return texts_.size(); }
  /// What was parsed and what was skipped; a record is a line.
  [[nodiscard]] const ParseStats& stats() const noexcept { return stats_; }

 private:
  std::unordered_map<std::uint64_t, std::string> texts_;
  ParseStats stats_;
};

}  // namespace fathom
