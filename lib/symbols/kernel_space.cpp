#include "kernel_modules.hpp"
#include "symbolizer_space.hpp"

#include <fathom/base/error.hpp>

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fathom::detail {

namespace {

std::string running_release() {
  utsname name{};
  ::uname(&name);
  return static_cast<const char*>(name.release);
}

class KernelSpace final : public ElfSymbolizer::Space {
 public:
  KernelSpace(KernelSymbolsOptions options, ElfFileStore& store) : options_(std::move(options)), store_(store) {
    if (options_.release.empty())
      options_.release = running_release();
    open_vmlinux();
    const std::optional<std::uint64_t> loaded = text_start(options_.kallsyms);
    if (!loaded)
      throw Error(std::errc::invalid_argument, "find _stext in", options_.kallsyms, "is this a kernel's kallsyms?");
    if (*loaded == 0)
      throw Error(std::errc::permission_denied, "see addresses in", options_.kallsyms,
                  "this needs CAP_SYSLOG, and kernel.kptr_restrict below 2");
    if (!vmlinux_->kernel_start())
      throw Error(std::errc::executable_format_error, "find _stext in", vmlinux_path_,
                  "it has no symbols: a vmlinux with .symtab is needed");
    offset_ = *loaded - *vmlinux_->kernel_start();
    read_modules();
  }

  Place find(std::uint64_t address) override {
    if (const std::uint64_t in_file = address - offset_; vmlinux_->holds(in_file))
      return {std::nullopt, kernel_, vmlinux_.get(), in_file};
    const auto after = std::ranges::upper_bound(sections_, address, {}, &ModuleSection::address);
    if (after == sections_.begin())
      return {SymbolizeFailure::unmapped, nullptr, nullptr, 0};
    const ModuleSection& section = *(after - 1);
    const Loaded& module = module_named(section.module);
    if (module.file == nullptr)
      return {module.failure, module.shown, nullptr, 0};
    const auto& in_file = module.file->sections();
    const auto found = std::ranges::find(in_file, section.section, &ElfImage::Section::name);
    if (found == in_file.end() || address - section.address >= found->size)
      return {SymbolizeFailure::unmapped, nullptr, nullptr, 0};
    return {std::nullopt, module.shown, module.file.get(), found->address + (address - section.address)};
  }

  void refresh() override {
    read_modules();
    modules_.clear();
  }

  [[nodiscard]] std::uint64_t kernel_offset() const noexcept override { return offset_; }

 private:
  struct Loaded {
    std::shared_ptr<ElfFile> file;
    SymbolizeFailure failure = SymbolizeFailure::no_file;
    std::shared_ptr<const ElfModule> shown;
  };

  [[nodiscard]] std::vector<std::string> candidates() const {
    if (!options_.vmlinux.empty())
      return {options_.vmlinux};
    const std::string& release = options_.release;
    std::vector<std::string> paths;
    for (const std::string& root : store_.options().debug_roots) {
      paths.push_back(std::string(root).append("/boot/vmlinux-").append(release));
      paths.push_back(std::string(root).append("/lib/modules/").append(release).append("/vmlinux"));
      paths.push_back(std::string(root).append("/vmlinux-").append(release));
    }
    paths.push_back("/boot/vmlinux-" + release);
    paths.push_back(options_.modules + '/' + release + "/vmlinux");
    paths.push_back(options_.modules + '/' + release + "/build/vmlinux");
    return paths;
  }

  void open_vmlinux() {
    const std::string wanted = options_.sys.empty() ? std::string() : build_id_of_notes(options_.sys + "/kernel/notes");
    std::string tried;
    std::string other;
    for (const std::string& path : candidates()) {
      tried += (tried.empty() ? "" : ", ") + path;
      UniqueFd fd = open_regular(path);
      const int error = errno;
      if (!fd && !options_.vmlinux.empty())
        throw Error(error, "open", path);
      if (!fd)
        continue;
      // Read as a whole only if it is the right one.
      const auto headers = ElfImage::of_file(open_regular(path), FileTrust::system);
      if (headers == nullptr) {
        other = path;
        continue;
      }
      if (!wanted.empty() && headers->build_id() != wanted) {
        other = path;
        continue;
      }
      vmlinux_ = store_.open(std::move(fd), path, path, FileTrust::system);
      vmlinux_path_ = path;
      kernel_ = std::make_shared<const ElfModule>(
          ElfModule{"[kernel]", vmlinux_->build_id(), vmlinux_->debug_file(), vmlinux_->problem()});
      return;
    }
    if (!other.empty())
      throw Error(
          std::errc::invalid_argument, "use", other,
          wanted.empty() ? "it is no ELF file" : "it is not the running kernel's, which has build id " + wanted);
    throw Error(std::errc::no_such_file_or_directory, "find vmlinux of " + options_.release, {},
                "install the kernel's debug package, or name the file; looked for: " + tried);
  }

  void read_modules() {
    sections_ = options_.sys.empty() ? std::vector<ModuleSection>() : loaded_sections(options_.sys);
  }

  const Loaded& module_named(const std::string& name) {
    if (const auto known = modules_.find(name); known != modules_.end())
      return known->second;
    if (!files_) {
      files_.emplace();
      for (const std::string& root : store_.options().debug_roots)
        files_->push_back(module_files(root + "/lib/modules/" + options_.release));
      files_->push_back(module_files(options_.modules + '/' + options_.release));
    }
    const std::string wanted = build_id_of_notes(options_.sys + "/module/" + name + "/notes/.note.gnu.build-id");
    Loaded loaded;
    std::string problem = "no file of this module found";
    for (const auto& files : *files_) {
      const auto [first, last] = files.equal_range(name);
      for (auto candidate = first; candidate != last && loaded.file == nullptr; ++candidate) {
        UniqueFd fd = open_regular(candidate->second);
        auto file = fd ? store_.open(std::move(fd), candidate->second, candidate->second, FileTrust::system,
                                     FileForm::relocatable)
                       : nullptr;
        if (file != nullptr && file->build_id() == wanted) {
          loaded.file = std::move(file);
        } else if (file != nullptr) {
          loaded.failure = SymbolizeFailure::file_changed;
          problem = candidate->second + " is not what is loaded: its build id is " + file->build_id();
        }
      }
    }
    loaded.shown = loaded.file != nullptr ? module_of(*loaded.file, name)
                                          : std::make_shared<const ElfModule>(ElfModule{name, wanted, {}, problem});
    return modules_.emplace(name, std::move(loaded)).first->second;
  }

  KernelSymbolsOptions options_;
  ElfFileStore& store_;
  std::shared_ptr<ElfFile> vmlinux_;
  std::string vmlinux_path_;
  std::shared_ptr<const ElfModule> kernel_;
  std::uint64_t offset_ = 0;
  std::vector<ModuleSection> sections_;
  std::map<std::string, Loaded> modules_;
  std::optional<std::vector<std::multimap<std::string, std::string>>> files_;
};

}  // namespace

std::unique_ptr<ElfSymbolizer::Space> kernel_space(KernelSymbolsOptions options, ElfFileStore& store) {
  return std::make_unique<KernelSpace>(std::move(options), store);
}

}  // namespace fathom::detail
