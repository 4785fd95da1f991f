#include <fathom/base/error.hpp>
#include <fathom/symbols/elf_file_symbols.hpp>
#include <fathom/symbols/process_map.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace fathom {

namespace {

constexpr std::string_view kVdso = "[vdso]";

bool is_wanted(ElfSymbolizer& symbolizer, const std::string& build_id) {
  if (build_id.empty())
    return true;
  const SymbolizedAddress any = symbolizer.symbolize(0);
  return any.module() != nullptr && any.module()->build_id == build_id;
}

// Of a file that has no build id to tell it by.
bool has_number(const ElfFileName& name) {
  struct stat status{};
  return !name.build_id.empty() || name.inode == 0 ||
         (::stat(name.path.c_str(), &status) == 0 && status.st_ino == name.inode);
}

}  // namespace

ElfFileSymbols::ElfFileSymbols(ElfFileSymbolsOptions options) : options_(std::move(options)) {
  if (options_.files == nullptr)
    options_.files = std::make_shared<ElfFiles>();
}

ElfFileSymbols::File& ElfFileSymbols::open(const ElfFileName& name) {
  const auto [at, added] = files_.try_emplace(name);
  File& file = at->second;
  if (!added)
    return file;
  try {
    if (name.path == kVdso) {
      if (!options_.sysroot.empty())
        return file;  // another kernel's
      const ProcessMap own = read_maps(::getpid());
      const auto vdso = std::ranges::find(own.mappings, kVdso, &ProcessMapping::path);
      if (vdso == own.mappings.end())
        return file;
      file.base = vdso->start;
      file.symbolizer =
          std::make_unique<ElfSymbolizer>(ElfSymbolizer::of_process(::getpid(), {.files = options_.files}));
      return file;
    }
    const bool is_here = options_.sysroot.empty();
    file.symbolizer = std::make_unique<ElfSymbolizer>(ElfSymbolizer::of_file(
        options_.sysroot + name.path, {.files = options_.files, .addresses = FileAddress::file_offset}));
    if (!is_wanted(*file.symbolizer, name.build_id) || (is_here && !has_number(name)))
      file.symbolizer.reset();
  } catch (const Error&) {
    file.symbolizer.reset();  // no such file, or no ELF: there are no names
  }
  return file;
}

std::vector<std::string> ElfFileSymbols::functions(const ElfFileName& file, std::uint64_t offset, bool is_return) {
  std::vector<std::string> names;
  const File& opened = open(file);
  if (opened.symbolizer == nullptr)
    return names;
  const AddressKind kind = is_return ? AddressKind::return_address : AddressKind::instruction;
  const SymbolizedAddress found = opened.symbolizer->symbolize(opened.base + offset, kind);
  for (const CodeFrame& frame : found.frames())
    names.push_back(frame.function);
  return names;
}

}  // namespace fathom
