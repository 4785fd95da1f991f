#include "mapped_space.hpp"

#include <utility>

namespace fathom::detail {

namespace {

bool is_vdso(const ProcessMapping& mapping) {
  return mapping.path == "[vdso]";
}

}  // namespace

const MappedSpace::Binary& MappedSpace::binary_of(const ProcessMapping& mapping) {
  const auto index = static_cast<std::size_t>(&mapping - map_.mappings.data());
  by_mapping_.resize(map_.mappings.size());
  if (by_mapping_[index] != nullptr)
    return *by_mapping_[index];
  Identity identity{mapping.path, mapping.dev_major, mapping.dev_minor, mapping.inode};
  auto known = binaries_.find(identity);
  if (known == binaries_.end()) {
    Opened opened = open(mapping);
    auto module = opened.file != nullptr
                      ? module_of(*opened.file, mapping.path)
                      : std::make_shared<const ElfModule>(ElfModule{mapping.path, {}, {}, std::move(opened.problem)});
    known =
        binaries_.emplace(std::move(identity), Binary{std::move(opened.file), opened.failure, std::move(module)}).first;
  }
  by_mapping_[index] = &known->second;
  return known->second;
}

ElfSymbolizer::Space::Place MappedSpace::find(std::uint64_t address) {
  const ProcessMapping* const mapping = map_.find(address);
  if (mapping == nullptr)
    return {SymbolizeFailure::unmapped, nullptr, nullptr, 0};
  const Binary& binary = binary_of(*mapping);
  if (binary.file == nullptr)
    return {binary.failure, binary.module, nullptr, 0};
  const std::uint64_t offset = address - mapping->start + (is_vdso(*mapping) ? 0 : mapping->offset);
  const std::optional<std::uint64_t> in_file = binary.file->address_of_offset(offset);
  if (!in_file)
    return {SymbolizeFailure::not_in_image, binary.module, nullptr, 0};
  return {std::nullopt, binary.module, binary.file.get(), *in_file};
}

void MappedSpace::replace(ProcessMap map) {
  map_ = std::move(map);
  by_mapping_.clear();
  binaries_.clear();
}

}  // namespace fathom::detail
