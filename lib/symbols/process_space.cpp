#include "mapped_space.hpp"
#include "read_maps.hpp"

#include <fathom/base/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <system_error>
#include <utility>

namespace fathom::detail {

namespace {

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr};
}

std::string system_text(int error) {
  return std::error_code(error, std::generic_category()).message();
}

bool is_file_of(int fd, const ProcessMapping& mapping) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && status.st_ino == mapping.inode && major(status.st_dev) == mapping.dev_major &&
         minor(status.st_dev) == mapping.dev_minor;
}

std::string link_target(int directory, const std::string& path) {
  std::array<char, PATH_MAX> target;  // NOLINT(cppcoreguidelines-pro-type-member-init): readlinkat() fills it
  const ssize_t size = ::readlinkat(directory, path.c_str(), target.data(), target.size());
  return {target.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

class ProcessSpace final : public MappedSpace {
 public:
  // `process` is the open folder: it stays this process's when another gets the number.
  ProcessSpace(UniqueFd process, std::string folder, ElfFileStore& store)
      : MappedSpace(read_maps_in(process.get(), folder), store),
        folder_(std::move(folder)),
        process_(std::move(process)) {}

  void refresh() override { replace(read_maps_in(process_.get(), folder_)); }

 private:
  Opened open(const ProcessMapping& mapping) override {
    if (mapping.path == "[vdso]")
      return open_vdso(mapping);
    if (!mapping.is_file())
      return {.failure = SymbolizeFailure::anonymous};

    const std::string local = folder_ + "/root" + mapping.path;
    const std::string range = "map_files/" + hex(mapping.start) + '-' + hex(mapping.end);
    if (UniqueFd fd = open_regular(range, process_.get())) {
      // An exec or dlopen since may have put another file there.
      if (link_target(process_.get(), range) != mapping.path + (mapping.deleted ? " (deleted)" : ""))
        return {.failure = SymbolizeFailure::file_changed, .problem = "the process maps another file there now"};
      return read(std::move(fd), mapping, local);
    }
    if (mapping.deleted)
      return {.failure = SymbolizeFailure::no_file,
              .problem = "the file is deleted, and /proc/PID/map_files cannot be read: " + system_text(errno)};
    UniqueFd fd = open_regular("root" + mapping.path, process_.get());
    // The process may have ended, or show its root to nobody.
    const bool through_root = static_cast<bool>(fd);
    if (!fd)
      fd = open_regular(mapping.path);
    if (!fd)
      return {.failure = SymbolizeFailure::no_file, .problem = system_text(errno)};
    // Device and inode of a file in an overlay are those of a layer for the map, but not for stat.
    if (is_file_of(fd.get(), mapping) || has_id_in_memory(fd.get(), mapping))
      return read(std::move(fd), mapping, through_root ? local : mapping.path);
    return {.failure = SymbolizeFailure::file_changed, .problem = "the file with this name is another one"};
  }

  Opened read(UniqueFd fd, const ProcessMapping& mapping, const std::string& local) {
    auto file = store().open(std::move(fd), mapping.path, local, FileTrust::process);
    return {.file = std::move(file), .failure = SymbolizeFailure::not_elf};
  }

  Opened open_vdso(const ProcessMapping& mapping) {
    std::vector<char> image = memory(mapping.start, mapping.end - mapping.start);
    if (image.empty())
      return {.failure = SymbolizeFailure::no_file, .problem = "cannot read the memory of the process"};
    return {.file = store().open_memory(std::move(image), mapping.path), .failure = SymbolizeFailure::not_elf};
  }

  // Whether the build id of the file is the one in the headers that the process has mapped.
  [[nodiscard]] bool has_id_in_memory(int fd, const ProcessMapping& mapping) const {
    const auto headers = std::ranges::find_if(map().mappings, [&mapping](const ProcessMapping& other) {
      return other.path == mapping.path && other.inode == mapping.inode && other.offset == 0;
    });
    if (headers == map().mappings.end())
      return false;
    const auto mapped = ElfImage::of_memory(memory(headers->start, headers->end - headers->start));
    const auto named = ElfImage::of_file(UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), FileTrust::process);
    return mapped != nullptr && named != nullptr && !mapped->build_id().empty() &&
           mapped->build_id() == named->build_id();
  }

  // Empty if it cannot be read.
  [[nodiscard]] std::vector<char> memory(std::uint64_t start, std::uint64_t size) const {
    constexpr std::uint64_t kMost = 1U << 20U;
    const UniqueFd fd(::openat(process_.get(), "mem", O_RDONLY | O_CLOEXEC));
    std::vector<char> bytes(std::min(size, kMost));
    const ssize_t got = fd ? ::pread(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(start)) : -1;
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

  std::string folder_;
  UniqueFd process_;
};

class SavedSpace final : public MappedSpace {
 public:
  SavedSpace(ProcessMap map, const SavedMapsOptions& options, ElfFileStore& store)
      : MappedSpace(std::move(map), store), sysroot_(options.sysroot), build_ids_(options.build_ids) {}

 private:
  Opened open(const ProcessMapping& mapping) override {
    if (!mapping.is_file())
      return {.failure = SymbolizeFailure::anonymous};
    const std::string local = sysroot_ + mapping.path;
    UniqueFd fd = open_regular(local);
    if (!fd)
      return {.failure = SymbolizeFailure::no_file, .problem = system_text(errno)};
    const auto wanted = build_ids_.find(mapping.path);
    if (wanted == build_ids_.end() && sysroot_.empty() && !is_file_of(fd.get(), mapping))
      return {.failure = SymbolizeFailure::file_changed, .problem = "the file with this name is another one"};
    auto file = store().open(std::move(fd), mapping.path, local, FileTrust::process);
    if (file != nullptr && wanted != build_ids_.end() && file->build_id() != wanted->second)
      return {.failure = SymbolizeFailure::file_changed, .problem = "its build id is " + file->build_id()};
    return {.file = std::move(file), .failure = SymbolizeFailure::not_elf};
  }

  std::string sysroot_;
  std::map<std::string, std::string> build_ids_;
};

}  // namespace

std::unique_ptr<ElfSymbolizer::Space> process_space(int pid, const ProcessSymbolsOptions& options,
                                                    ElfFileStore& store) {
  std::string folder = options.proc + '/' + std::to_string(pid);
  UniqueFd process(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process) {
    const int error = errno;
    throw Error(error, "open", folder, process_hint(error));
  }
  return std::make_unique<ProcessSpace>(std::move(process), std::move(folder), store);
}

std::unique_ptr<ElfSymbolizer::Space> maps_space(ProcessMap map, const SavedMapsOptions& options, ElfFileStore& store) {
  return std::make_unique<SavedSpace>(std::move(map), options, store);
}

}  // namespace fathom::detail
