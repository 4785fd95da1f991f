#include "elf_file_store.hpp"

#include "debug_file_search.hpp"
#include "demangle.hpp"

#include <libelf.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace fathom::detail {

namespace {

std::unique_ptr<ElfImage> mini_debug_info(const ElfImage& image) {
  for (std::size_t i = 0; i < image.sections().size(); ++i) {
    if (image.sections()[i].name != ".gnu_debugdata" || !image.sections()[i].in_file)
      continue;
    const Elf_Data* const data = elf_rawdata(elf_getscn(image.elf(), i), nullptr);
    if (data != nullptr && data->d_buf != nullptr)
      return ElfImage::of_compressed(data->d_buf, data->d_size);
  }
  return nullptr;
}

ElfFilesOptions complete(ElfFilesOptions options) {
  if (!options.debuginfod_urls) {
    const char* const urls = std::getenv("DEBUGINFOD_URLS");  // NOLINT(concurrency-mt-unsafe): only read
    options.debuginfod_urls = urls == nullptr ? "" : urls;
  }
  return options;
}

bool holds_address(std::uint64_t begin, std::uint64_t size, std::uint64_t address) {
  return address >= begin && address - begin < size;
}

}  // namespace

ElfFile::ElfFile(std::unique_ptr<ElfImage> image, const std::string& path, const std::string& local_path,
                 const ElfFilesOptions& options, DebuginfodFind& servers)
    : build_id_(image->build_id()), segments_(image->segments()), sections_(image->sections()) {
  const bool own_symbols = image->has_section(".symtab");
  const bool own_dwarf = image->has_section(".debug_info") || image->has_section(".zdebug_info");
  DebugFile other;
  if (options.source_lines && !own_dwarf)
    other = find_debug_file(*image, path, local_path, options, servers);

  std::vector<const ElfImage*> with_symbols{image.get()};
  std::unique_ptr<ElfImage> mini;
  if (!own_symbols && other.image != nullptr) {
    with_symbols.push_back(other.image.get());
  } else if (!own_symbols) {
    mini = mini_debug_info(*image);
    if (mini != nullptr)
      with_symbols.push_back(mini.get());
  }
  symbols_ = ElfSymbolTable(with_symbols);
  kernel_start_ = ElfSymbolTable::address_of(*image, "_stext");
  if (!options.source_lines)
    return;

  debug_file_ = own_dwarf ? path : other.path;
  std::unique_ptr<ElfImage> source = own_dwarf ? std::move(image) : std::move(other.image);
  if (source == nullptr) {
    problem_ = other.problem;
    return;
  }
  ElfImage& opened = *source;
  std::unique_ptr<ElfImage> supplement =
      find_supplement(opened, own_dwarf ? local_path : debug_file_, options, servers);
  ElfImage* const opened_supplement = supplement.get();
  dwarf_ = DwarfCode::read(std::move(source), std::move(supplement));
  if (dwarf_ == nullptr) {
    problem_ = "no DWARF that can be read in " + std::exchange(debug_file_, {});
    return;
  }
  // libdw has taken in the sections that it uses.
  opened.close_file();
  if (opened_supplement != nullptr)
    opened_supplement->close_file();
}

std::optional<std::uint64_t> ElfFile::address_of_offset(std::uint64_t offset) const noexcept {
  for (const ElfImage::Segment& segment : segments_) {
    if (holds_address(segment.offset, segment.file_size, offset))
      return segment.address + (offset - segment.offset);
  }
  return std::nullopt;
}

bool ElfFile::holds(std::uint64_t address) const noexcept {
  return std::ranges::any_of(segments_,
                             [address](const auto& s) { return holds_address(s.address, s.size, address); }) ||
         (segments_.empty() && std::ranges::any_of(sections_, [address](const auto& s) {
            return s.code && holds_address(s.address, s.size, address);
          }));
}

ElfFileStore::ElfFileStore(ElfFilesOptions options) : options_(complete(std::move(options))), servers_(options_) {}

std::shared_ptr<ElfFile> ElfFileStore::make(std::unique_ptr<ElfImage> image, const std::string& path,
                                            const std::string& local_path) {
  if (image == nullptr)
    return nullptr;
  auto file = std::make_shared<ElfFile>(std::move(image), path, local_path, options_, servers_);
  files_read_ += 1 + (file->dwarf() != nullptr && file->debug_file() != path ? 1U : 0U);
  if (file->dwarf() != nullptr)
    decoded_records_ += file->dwarf()->decoded_records();
  return file;
}

std::shared_ptr<ElfFile> ElfFileStore::open(UniqueFd fd, const std::string& path, const std::string& local_path,
                                            FileTrust trust, FileForm form) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0)
    return nullptr;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const Key key{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec,
                status.st_ctim.tv_sec * kSecond + status.st_ctim.tv_nsec};
  if (const auto known = files_.find(key); known != files_.end())
    return known->second;
  auto file =
      make(form == FileForm::linked ? ElfImage::of_file(std::move(fd), trust) : ElfImage::of_relocatable(std::move(fd)),
           path, local_path);
  return files_.emplace(key, std::move(file)).first->second;
}

std::shared_ptr<ElfFile> ElfFileStore::open_memory(std::vector<char> bytes, const std::string& path) {
  if (const auto known = images_.find(bytes); known != images_.end())
    return known->second;
  auto file = make(ElfImage::of_memory(bytes), path, path);
  return images_.emplace(std::move(bytes), std::move(file)).first->second;
}

ResolvedAddress ElfFileStore::resolve(const ElfFile& file, std::uint64_t address) {
  const Asked asked{&file, address};
  if (const auto known = answers_.find(asked); known != answers_.end())
    return known->second;
  if (answers_.size() >= options_.max_cached_addresses)
    answers_.clear();
  return answers_.emplace(asked, look_up(file, address)).first->second;
}

ResolvedAddress ElfFileStore::look_up(const ElfFile& file, std::uint64_t address) {
  DwarfCode::Answer found;
  if (DwarfCode* const dwarf = file.dwarf()) {
    const std::size_t before = dwarf->decoded_records();
    found = dwarf->at(address);
    decoded_records_ += dwarf->decoded_records() - before;
    if (decoded_records_ > options_.max_decoded_records) {
      decoded_records_ -= dwarf->decoded_records();
      dwarf->forget();
    }
  }
  const std::optional<ElfSymbolTable::Hit> symbol = file.symbols().find(address);
  if (symbol) {
    if (found.frames.empty() || found.frames.back().inlined)
      found.frames.emplace_back();
    CodeFrame& last = found.frames.back();
    last.linkage_name = symbol->name;
    last.function = demangled(last.linkage_name);
    found.start = symbol->start;
  }
  ResolvedAddress resolved;
  if (found.frames.empty() || found.frames.back().function.empty()) {
    resolved.failure = file.symbols().empty() && file.dwarf() == nullptr ? SymbolizeFailure::no_symbols
                                                                         : SymbolizeFailure::no_function;
    return resolved;
  }
  resolved.offset = found.start ? address - *found.start : 0;
  resolved.frames = std::make_shared<const std::vector<CodeFrame>>(std::move(found.frames));
  return resolved;
}

}  // namespace fathom::detail
