#include "symbolizer_space.hpp"

#include <fathom/base/error.hpp>

#include <cerrno>

namespace fathom::detail {

namespace {

class FileSpace final : public ElfSymbolizer::Space {
 public:
  FileSpace(const std::string& path, FileAddress addresses, ElfFileStore& store) : addresses_(addresses) {
    UniqueFd fd = open_regular(path);
    if (!fd)
      throw Error(errno, "open", path);
    file_ = store.open(std::move(fd), path, path, FileTrust::process);
    if (file_ == nullptr)
      throw Error(std::errc::executable_format_error, "read", path, "it is no ELF file");
    module_ = module_of(*file_, path);
  }

  Place find(std::uint64_t address) override {
    const std::optional<std::uint64_t> in_file =
        addresses_ == FileAddress::file_offset ? file_->address_of_offset(address) : address;
    if (!in_file || !file_->holds(*in_file))
      return {SymbolizeFailure::not_in_image, module_, file_.get(), 0};
    return {std::nullopt, module_, file_.get(), *in_file};
  }

 private:
  FileAddress addresses_;
  std::shared_ptr<ElfFile> file_;
  std::shared_ptr<const ElfModule> module_;
};

}  // namespace

std::unique_ptr<ElfSymbolizer::Space> file_space(const std::string& path, const FileSymbolsOptions& options,
                                                 ElfFileStore& store) {
  return std::make_unique<FileSpace>(path, options.addresses, store);
}

}  // namespace fathom::detail
