#pragma once

#include <fathom/rawtrace/format_registry.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The folder of a kernel's formats and pages.
inline std::filesystem::path raw_of(std::string_view kernel) {
  return std::filesystem::path(FATHOM_TEST_RAW) / kernel;
}

inline PageLayout layout_of(std::string_view kernel) {
  const auto events = raw_of(kernel) / "events";
  const auto layout = PageLayout::parse(read_file(events / "header_page"), read_file(events / "header_event"));
  if (!layout)
    throw std::runtime_error("no layout for " + std::string(kernel));
  return *layout;
}

/// The texts of a kernel's formats, each with its system.
inline std::vector<std::pair<std::string, std::string>> format_texts(std::string_view kernel) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(raw_of(kernel) / "events")) {
    if (entry.path().filename() == "format")
      texts.emplace_back(entry.path().parent_path().parent_path().filename().string(), read_file(entry.path()));
  }
  return texts;
}

inline FormatRegistry registry_of(std::string_view kernel) {
  FormatRegistry formats(layout_of(kernel));
  for (const auto& [system, text] : format_texts(kernel))
    formats.add(system, text);
  return formats;
}

inline constexpr const char* kRawKernels[] = {
    "4.4.0",  "5.4.0", "6.1.0-56-amd64", "6.1.0-56-rt-amd64", "6.12.117+deb12-amd64",
    "6.17.0", "6.5.0", "7.3.4",          "7.3.4+deb13-amd64", "native-6.18.44"};

}  // namespace fathom::test
