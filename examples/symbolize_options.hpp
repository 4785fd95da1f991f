#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace symbolize {

/// The command line.
struct Options {
  // Whose addresses: one of these.
  std::optional<int> pid;
  std::optional<std::string> exe;
  std::optional<std::string> maps;
  bool kernel = false;

  std::vector<std::uint64_t> addresses;
  bool from_stdin = false;

  bool return_addresses = false;
  bool inlines = true;
  bool lines = true;
  bool file_offsets = false;
  bool json = false;
  bool verbose = false;

  std::vector<std::string> debug_roots;
  std::optional<std::string> debuginfod_urls;
  std::string debuginfod_cache;
  std::string sysroot;
  std::string vmlinux;
  std::optional<std::string> kallsyms;
};

/// Empty where --help or --version was asked for, and printed. Throws examples::UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

/// `0x1234`, `ffffffff81000000`: a number in hex digits. Empty if it is none.
std::optional<std::uint64_t> parse_address(std::string_view text);

}  // namespace symbolize
