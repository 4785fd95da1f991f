#pragma once

#include <fathom/rawtrace/format_registry.hpp>

#include <cstdint>

namespace fathom::detail {

/// Where the records of function_graph have what, on one kernel. Not for use by itself.
struct GraphRecordLayout {
  static constexpr std::uint32_t kNone = 0xffff'ffff;  ///< the kernel has no such field, or no such record
  static constexpr std::uint32_t kNoId = 0x1'0000;     ///< no record has this number

  /// `funcgraph_entry`, and `fgraph_retaddr_entry` where funcgraph-retaddr is on.
  struct Entry {
    std::uint32_t id = kNoId;
    std::uint32_t min_size = 0;
    std::uint32_t func = 0;
    std::uint32_t depth = 0;
    std::uint32_t return_address = kNone;
    std::uint32_t args = kNone;
  };
  /// `funcgraph_exit`.
  struct Exit {
    std::uint32_t id = kNoId;
    std::uint32_t min_size = 0;
    std::uint32_t func = 0;
    std::uint32_t depth = 0;
    std::uint32_t calltime = 0;
    std::uint32_t rettime = 0;
    std::uint32_t overrun = kNone;
    std::uint32_t overrun_size = 0;
    std::uint32_t retval = kNone;
  };

  Entry entry;
  Entry retaddr_entry;
  Exit exit;
  std::uint32_t pid = 4;
  std::uint32_t function = kNoId;      ///< of the function tracer: stands in a graph as a line of its own
  std::uint32_t kernel_stack = kNoId;  ///< likewise
  std::uint32_t long_size = 8;
  bool swap = false;

  /// Throws Error (std::errc::invalid_argument) if the formats of function_graph's records are missing, or miss a
  /// field that they have had on all kernels.
  [[nodiscard]] static GraphRecordLayout of(const FormatRegistry& formats);
};

}  // namespace fathom::detail
