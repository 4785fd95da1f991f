#pragma once

#include "symbolizer_space.hpp"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace fathom::detail {

/// Binaries by the mappings of a process.
class MappedSpace : public ElfSymbolizer::Space {
 public:
  Place find(std::uint64_t address) final;

 protected:
  MappedSpace(ProcessMap map, ElfFileStore& store) : map_(std::move(map)), store_(store) {}

  /// A file, or why it cannot be used.
  struct Opened {
    std::shared_ptr<ElfFile> file{};
    SymbolizeFailure failure{};
    std::string problem{};
  };
  virtual Opened open(const ProcessMapping& mapping) = 0;

  [[nodiscard]] const ProcessMap& map() const noexcept { return map_; }
  [[nodiscard]] ElfFileStore& store() const noexcept { return store_; }
  void replace(ProcessMap map);

 private:
  struct Binary {
    std::shared_ptr<ElfFile> file;
    SymbolizeFailure failure;
    std::shared_ptr<const ElfModule> module;
  };
  // What two mappings of one file have in common.
  using Identity = std::tuple<std::string, std::uint32_t, std::uint32_t, std::uint64_t>;

  const Binary& binary_of(const ProcessMapping& mapping);

  ProcessMap map_;
  ElfFileStore& store_;
  std::map<Identity, Binary> binaries_;
  std::vector<const Binary*> by_mapping_;
};

}  // namespace fathom::detail
