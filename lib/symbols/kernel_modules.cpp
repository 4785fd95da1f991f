#include "kernel_modules.hpp"

#include "build_id_notes.hpp"

#include <fathom/base/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>

namespace fathom::detail {

namespace {

namespace fs = std::filesystem;

// Whether there is code in it that stays. What a module no longer needs once it runs (.init.text, .symtab) is freed,
// but goes on being listed, with addresses where another module may be by now.
bool stays_as_code(std::string_view section) {
  return section.find(".text") != std::string_view::npos && !section.starts_with(".init");
}

// The folder's entries; none if it cannot be read.
std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    paths.push_back(at->path());
  return paths;
}

// A kernel's notes are some hundred bytes, its lines no longer, and its symbols some 200,000. Paths are parameters, and
// what they name may never end.
constexpr std::size_t kLongestNotes = 1U << 20U;
constexpr std::size_t kLongestLine = 4096;
constexpr unsigned kMostLines = 1U << 22U;

// The next line; empty at the end of the file, and where there is none that short.
std::string line_of(std::istream& file) {
  std::array<char, kLongestLine> text{};
  file.getline(text.data(), text.size());
  return text.data();
}

}  // namespace

std::vector<ModuleSection> loaded_sections(const std::string& sys) {
  std::vector<ModuleSection> sections;
  for (const fs::path& module : entries(sys + "/module")) {
    for (const fs::path& section : entries(module / "sections")) {
      if (!stays_as_code(section.filename().native()))
        continue;
      std::ifstream file(section);
      const std::string text = line_of(file);
      std::uint64_t address = 0;
      // 0xffffffffc0a31000
      if (!text.starts_with("0x") ||
          std::from_chars(text.data() + 2, text.data() + text.size(), address, 16).ec != std::errc{} || address == 0)
        continue;
      sections.push_back({address, module.filename(), section.filename()});
    }
  }
  std::ranges::sort(sections, {}, &ModuleSection::address);
  return sections;
}

std::string build_id_of_notes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string notes(kLongestNotes, '\0');
  file.read(notes.data(), static_cast<std::streamsize>(notes.size()));
  notes.resize(static_cast<std::size_t>(file.gcount()));
  return symbols::build_id_in_notes(std::as_bytes(std::span(notes)));
}

std::multimap<std::string, std::string> module_files(const std::string& folder) {
  std::multimap<std::string, std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
       !error && at != end; at.increment(error)) {
    std::string name = at->path().filename();
    const std::size_t suffix = name.find(".ko");
    if (suffix == std::string::npos)
      continue;
    name.resize(suffix);
    std::ranges::replace(name, '-', '_');
    files.emplace(std::move(name), at->path());
  }
  return files;
}

std::optional<std::uint64_t> text_start(const std::string& kallsyms) {
  std::ifstream file(kallsyms);
  if (!file)
    throw Error(errno, "open", kallsyms);
  // It stands near the top: the core kernel comes first, by address, behind per-CPU symbols at most (before 6.15).
  for (unsigned lines = 0; file && lines < kMostLines; ++lines) {
    const std::string line = line_of(file);
    if (!line.ends_with(" _stext"))
      continue;
    std::uint64_t address = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), address, 16).ec == std::errc{})
      return address;
  }
  return std::nullopt;
}

}  // namespace fathom::detail
