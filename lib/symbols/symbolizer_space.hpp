#pragma once

#include "elf_file_store.hpp"

#include <fathom/symbols/elf_symbolizer.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace fathom {

/// Where binaries lie in a space of addresses.
class ElfSymbolizer::Space {
 public:
  struct Place {
    std::optional<SymbolizeFailure> failure;
    std::shared_ptr<const ElfModule> module;
    const detail::ElfFile* file = nullptr;  ///< not null if there is no failure
    std::uint64_t address = 0;              ///< as the file counts
  };

  Space() = default;
  virtual ~Space() = default;
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  virtual Place find(std::uint64_t address) = 0;
  virtual void refresh() {}
  [[nodiscard]] virtual std::uint64_t kernel_offset() const noexcept { return 0; }
};

namespace detail {

/// A module as it is shown, of a file that was read.
[[nodiscard]] std::shared_ptr<const ElfModule> module_of(const ElfFile& file, const std::string& path);

std::unique_ptr<ElfSymbolizer::Space> process_space(int pid, const ProcessSymbolsOptions& options, ElfFileStore& store);
std::unique_ptr<ElfSymbolizer::Space> maps_space(ProcessMap map, const SavedMapsOptions& options, ElfFileStore& store);
std::unique_ptr<ElfSymbolizer::Space> file_space(const std::string& path, const FileSymbolsOptions& options,
                                                 ElfFileStore& store);
std::unique_ptr<ElfSymbolizer::Space> kernel_space(KernelSymbolsOptions options, ElfFileStore& store);

}  // namespace detail

}  // namespace fathom
