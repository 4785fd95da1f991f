#include "elf_image.hpp"

#include "base/hex.hpp"

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace fathom::detail {

namespace {

// A section table may say anything; no real file has more.
constexpr std::size_t kMaxSections = 1U << 20U;

bool write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = ::write(fd, bytes, size);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      return false;
    bytes += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace

UniqueFd open_regular(const std::string& path, int directory) {
  UniqueFd fd(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (fd && (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    fd.reset();
    errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
  }
  return fd;
}

std::unique_ptr<ElfImage> ElfImage::of_file(UniqueFd fd, FileTrust trust) {
  elf_version(EV_CURRENT);
  std::unique_ptr<ElfImage> image(new ElfImage);
  image->fd_ = std::move(fd);
  image->elf_ = elf_begin(image->fd_.get(), trust == FileTrust::system ? ELF_C_READ_MMAP_PRIVATE : ELF_C_READ, nullptr);
  return image->read_headers() ? std::move(image) : nullptr;
}

std::unique_ptr<ElfImage> ElfImage::of_memory(std::vector<char> bytes) {
  elf_version(EV_CURRENT);
  std::unique_ptr<ElfImage> image(new ElfImage);
  image->bytes_ = std::move(bytes);
  image->elf_ = elf_memory(image->bytes_.data(), image->bytes_.size());
  return image->read_headers() ? std::move(image) : nullptr;
}

std::unique_ptr<ElfImage> ElfImage::of_compressed(const void* bytes, std::size_t size) {
  // libdwfl unpacks what it reports from a file.
  UniqueFd fd(::memfd_create("fathom", MFD_CLOEXEC));
  if (!fd || !write_all(fd.get(), static_cast<const char*>(bytes), size) || ::lseek(fd.get(), 0, SEEK_SET) != 0)
    return nullptr;
  return of_relocatable(std::move(fd));
}

std::unique_ptr<ElfImage> ElfImage::of_relocatable(UniqueFd fd) {
  static constexpr Dwfl_Callbacks kCallbacks = {
      .find_elf = dwfl_build_id_find_elf,
      // Debug files are looked for by ourselves.
      .find_debuginfo = [](Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word,
                           char**) { return -1; },
      .section_address = dwfl_offline_section_address,
      .debuginfo_path = nullptr,
  };
  std::unique_ptr<ElfImage> image(new ElfImage);
  image->dwfl_ = dwfl_begin(&kCallbacks);
  if (image->dwfl_ == nullptr)
    return nullptr;
  // The descriptor is libdwfl's if this succeeds, and it closes it with the Dwfl.
  image->module_ = dwfl_report_offline(image->dwfl_, "module", "module", fd.get());
  if (image->module_ == nullptr)
    return nullptr;
  static_cast<void>(fd.release());
  dwfl_report_end(image->dwfl_, nullptr, nullptr);
  GElf_Addr bias = 0;
  image->elf_ = dwfl_module_getelf(image->module_, &bias);
  return image->read_headers() ? std::move(image) : nullptr;
}

ElfImage::~ElfImage() {
  if (dwfl_ != nullptr)
    dwfl_end(dwfl_);
  else
    elf_end(elf_);
}

bool ElfImage::read_headers() {
  GElf_Ehdr header;
  if (elf_ == nullptr || elf_kind(elf_) != ELF_K_ELF || gelf_getehdr(elf_, &header) == nullptr)
    return false;
  relocatable_ = header.e_type == ET_REL;
  x86_64_ = header.e_machine == EM_X86_64 && header.e_ident[EI_CLASS] == ELFCLASS64;

  std::size_t count = 0;
  if (elf_getphdrnum(elf_, &count) == 0) {
    for (std::size_t i = 0; i < std::min(count, kMaxSections); ++i) {
      GElf_Phdr segment;
      if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr)
        break;
      if (segment.p_type == PT_LOAD)
        segments_.push_back({segment.p_offset, segment.p_filesz, segment.p_vaddr, segment.p_memsz});
    }
  }
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf_, &names) != 0)
    names = 0;
  sections_.push_back({{}, 0, 0, 0, false, false});
  for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr && sections_.size() < kMaxSections;
       section = elf_nextscn(elf_, section)) {
    GElf_Shdr heading;
    Section& here = sections_.emplace_back();
    if (gelf_getshdr(section, &heading) == nullptr)
      continue;
    if (const char* name = names == 0 ? nullptr : elf_strptr(elf_, names, heading.sh_name))
      here.name = name;
    here.in_file = heading.sh_type != SHT_NOBITS;
    if ((heading.sh_flags & SHF_ALLOC) != 0) {
      here.address = heading.sh_addr;
      here.size = heading.sh_size;
      here.offset = heading.sh_offset;
      here.code = (heading.sh_flags & SHF_EXECINSTR) != 0;
    }
  }
  const void* id = nullptr;
  if (const ssize_t size = dwelf_elf_gnu_build_id(elf_, &id); size > 0)
    build_id_ = hex_digits({static_cast<const std::byte*>(id), static_cast<std::size_t>(size)});
  return true;
}

std::optional<ElfImage::DebugLink> ElfImage::debug_link() const {
  GElf_Word crc = 0;
  const char* const name = dwelf_elf_gnu_debuglink(elf_, &crc);
  if (name == nullptr || *name == '\0' || std::strchr(name, '/') != nullptr)
    return std::nullopt;
  return DebugLink{name, crc};
}

bool ElfImage::has_section(std::string_view name) const {
  return std::ranges::any_of(sections_, [name](const Section& s) { return s.name == name && s.in_file; });
}

bool ElfImage::debug_strings_end() const {
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    if (!sections_[i].name.ends_with("debug_str") && !sections_[i].name.ends_with("debug_line_str"))
      continue;
    const Elf_Data* const data = elf_rawdata(elf_getscn(elf_, i), nullptr);
    if (data != nullptr && data->d_buf != nullptr && data->d_size != 0 &&
        static_cast<const char*>(data->d_buf)[data->d_size - 1] != '\0')
      return false;
  }
  return true;
}

void ElfImage::close_file() {
  if (dwfl_ != nullptr)
    return;
  elf_cntl(elf_, ELF_C_FDDONE);
  fd_.reset();
}

}  // namespace fathom::detail
