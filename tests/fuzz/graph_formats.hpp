#pragma once

#include <fathom/rawtrace/format_registry.hpp>

#include <bit>
#include <string>
#include <string_view>

namespace graph_formats {

// The common fields, and funcgraph_entry and funcgraph_exit of Linux 6.17.
inline constexpr std::string_view kCommon =
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";
inline constexpr std::string_view kEntry =
    "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned int depth;\toffset:16;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned long args[];\toffset:24;\tsize:0;\tsigned:0;\n";
inline constexpr std::string_view kExit =
    "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned long retval;\toffset:16;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned int depth;\toffset:24;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned int overrun;\toffset:28;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned long long calltime;\toffset:32;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned long long rettime;\toffset:40;\tsize:8;\tsigned:0;\n";

/// With pages of 1016 bytes, in either byte order.
inline fathom::FormatRegistry formats_of(std::endian order) {
  fathom::FormatRegistry formats(fathom::PageLayout{.byte_order = order, .data_size = 1000});
  formats.add("ftrace", "name: funcgraph_entry\nID: 11\n" + std::string(kCommon) + std::string(kEntry));
  formats.add("ftrace", "name: funcgraph_exit\nID: 10\n" + std::string(kCommon) + std::string(kExit));
  return formats;
}

}  // namespace graph_formats
