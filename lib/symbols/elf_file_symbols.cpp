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
bool has_number(const std::string& path, const ElfFileName& name) {
  struct stat status{};
  return !name.build_id.empty() || name.inode == 0 ||
         (::stat(path.c_str(), &status) == 0 && status.st_ino == name.inode);
}

}  // namespace

ElfFileSymbols::ElfFileSymbols(ElfFileSymbolsOptions options) : options_(std::move(options)) {
  if (options_.files == nullptr)
    options_.files = std::make_shared<ElfFiles>();
}

// Null where there is no such file, no ELF, or another file than it should be.
std::unique_ptr<ElfSymbolizer> ElfFileSymbols::open_path(const std::string& path, const ElfFileName& name) const {
  try {
    auto symbolizer = std::make_unique<ElfSymbolizer>(
        ElfSymbolizer::of_file(path, {.files = options_.files, .addresses = FileAddress::file_offset}));
    const bool is_here = options_.sysroot.empty();
    if (is_wanted(*symbolizer, name.build_id) && (!is_here || has_number(path, name)))
      return symbolizer;
  } catch (const Error&) {  // there are no names
  }
  return nullptr;
}

ElfFileSymbols::File& ElfFileSymbols::open(const ElfFileName& name) {
  const auto [at, added] = files_.try_emplace(name);
  File& file = at->second;
  if (!added)
    return file;
  if (name.path != kVdso) {
    file.symbolizer = open_path(options_.sysroot + name.path, name);
    if (file.symbolizer == nullptr && name.pid != 0 && options_.sysroot.empty())
      file.symbolizer = open_path("/proc/" + std::to_string(name.pid) + "/root" + name.path, name);
    return file;
  }
  if (!options_.sysroot.empty())
    return file;  // another kernel's
  try {
    const ProcessMap own = read_maps(::getpid());
    const auto vdso = std::ranges::find(own.mappings, kVdso, &ProcessMapping::path);
    if (vdso == own.mappings.end())
      return file;
    file.base = vdso->start;
    file.symbolizer = std::make_unique<ElfSymbolizer>(ElfSymbolizer::of_process(::getpid(), {.files = options_.files}));
  } catch (const Error&) {
    file.symbolizer.reset();
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
