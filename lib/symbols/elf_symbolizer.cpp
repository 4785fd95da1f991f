#include "elf_file_store.hpp"
#include "symbolizer_space.hpp"

#include <fathom/symbols/elf_symbolizer.hpp>

#include <utility>

namespace fathom {

namespace {

std::shared_ptr<ElfFiles> files_or_own(const std::shared_ptr<ElfFiles>& files) {
  return files != nullptr ? files : std::make_shared<ElfFiles>();
}

}  // namespace

std::string_view to_string(SymbolizeFailure failure) noexcept {
  switch (failure) {
    case SymbolizeFailure::unmapped:
      return "unmapped";
    case SymbolizeFailure::anonymous:
      return "anonymous";
    case SymbolizeFailure::no_file:
      return "no_file";
    case SymbolizeFailure::file_changed:
      return "file_changed";
    case SymbolizeFailure::not_elf:
      return "not_elf";
    case SymbolizeFailure::not_in_image:
      return "not_in_image";
    case SymbolizeFailure::no_symbols:
      return "no_symbols";
    case SymbolizeFailure::no_function:
      return "no_function";
  }
  return "unknown";
}

ElfFiles::ElfFiles(ElfFilesOptions options) : store_(std::make_unique<detail::ElfFileStore>(std::move(options))) {}
ElfFiles::~ElfFiles() = default;

const ElfFilesOptions& ElfFiles::options() const noexcept {
  return store_->options();
}
std::size_t ElfFiles::size() const noexcept {
  return store_->size();
}

std::shared_ptr<const ElfModule> detail::module_of(const ElfFile& file, const std::string& path) {
  return std::make_shared<const ElfModule>(ElfModule{path, file.build_id(), file.debug_file(), file.problem()});
}

ElfSymbolizer::ElfSymbolizer(std::unique_ptr<Space> space, std::shared_ptr<ElfFiles> files)
    : files_(std::move(files)), space_(std::move(space)) {}
ElfSymbolizer::~ElfSymbolizer() = default;
ElfSymbolizer::ElfSymbolizer(ElfSymbolizer&& other) noexcept = default;
ElfSymbolizer& ElfSymbolizer::operator=(ElfSymbolizer&& other) noexcept = default;

ElfSymbolizer ElfSymbolizer::of_process(int pid, const ProcessSymbolsOptions& options) {
  std::shared_ptr<ElfFiles> files = files_or_own(options.files);
  auto space = detail::process_space(pid, options, *files->store_);
  return ElfSymbolizer(std::move(space), std::move(files));
}

ElfSymbolizer ElfSymbolizer::of_maps(ProcessMap map, const SavedMapsOptions& options) {
  std::shared_ptr<ElfFiles> files = files_or_own(options.files);
  auto space = detail::maps_space(std::move(map), options, *files->store_);
  return ElfSymbolizer(std::move(space), std::move(files));
}

ElfSymbolizer ElfSymbolizer::of_file(const std::string& path, const FileSymbolsOptions& options) {
  std::shared_ptr<ElfFiles> files = files_or_own(options.files);
  auto space = detail::file_space(path, options, *files->store_);
  return ElfSymbolizer(std::move(space), std::move(files));
}

ElfSymbolizer ElfSymbolizer::of_kernel(KernelSymbolsOptions options) {
  std::shared_ptr<ElfFiles> files = files_or_own(options.files);
  auto space = detail::kernel_space(std::move(options), *files->store_);
  return ElfSymbolizer(std::move(space), std::move(files));
}

SymbolizedAddress ElfSymbolizer::symbolize(std::uint64_t address, AddressKind kind) {
  SymbolizedAddress result;
  result.address_ = address;
  const std::uint64_t back = kind == AddressKind::return_address && address != 0 ? 1 : 0;
  Space::Place place = space_->find(address - back);
  result.failure_ = place.failure;
  result.module_ = std::move(place.module);
  if (place.failure)
    return result;
  result.elf_address_ = place.address + back;
  detail::ResolvedAddress found = files_->store_->resolve(*place.file, place.address);
  result.failure_ = found.failure;
  result.frames_ = std::move(found.frames);
  if (!found.failure)
    result.offset_ = found.offset + back;
  return result;
}

std::vector<SymbolizedAddress> ElfSymbolizer::symbolize(std::span<const std::uint64_t> addresses, AddressKind kind) {
  std::vector<SymbolizedAddress> results;
  results.reserve(addresses.size());
  for (const std::uint64_t address : addresses)
    results.push_back(symbolize(address, kind));
  return results;
}

void ElfSymbolizer::refresh() {
  space_->refresh();
}

std::uint64_t ElfSymbolizer::kernel_offset() const noexcept {
  return space_->kernel_offset();
}

}  // namespace fathom
