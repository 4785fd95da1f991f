#include "elf_functions.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::bpf {

namespace {

struct Elf32 {
  using Header = Elf32_Ehdr;
  using Section = Elf32_Shdr;
  using Segment = Elf32_Phdr;
  using Symbol = Elf32_Sym;
};
struct Elf64 {
  using Header = Elf64_Ehdr;
  using Section = Elf64_Shdr;
  using Segment = Elf64_Phdr;
  using Symbol = Elf64_Sym;
};

// Gives parts of a file; what is not in it is empty, so no number in the file can make us take more memory than that.
class ElfParts {
 public:
  ElfParts() = default;
  ElfParts(const ElfParts&) = delete;
  ElfParts& operator=(const ElfParts&) = delete;
  virtual ~ElfParts() = default;

  template <class T>
  [[nodiscard]] std::vector<T> read(std::uint64_t offset, std::uint64_t count) const {
    std::vector<T> values;
    if (offset > size() || count > (size() - offset) / sizeof(T))
      return values;
    values.resize(count);
    if (!copy(offset, std::as_writable_bytes(std::span(values))))
      return {};
    return values;
  }

 private:
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  // All of these bytes, which the size has room for; false if they cannot be had.
  [[nodiscard]] virtual bool copy(std::uint64_t offset, std::span<std::byte> into) const = 0;
};

class FileParts : public ElfParts {
 public:
  explicit FileParts(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status{};
    if (!fd_ || ::fstat(fd_.get(), &status) != 0)
      throw Error(errno, "read", path);
    if (!S_ISREG(status.st_mode))
      throw Error(ENOEXEC, "read", path, "it is no regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

 private:
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] bool copy(std::uint64_t offset, std::span<std::byte> into) const override {
    for (std::size_t done = 0; done < into.size();) {
      const ssize_t got = ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return false;
      done += static_cast<std::size_t>(got);
    }
    return true;
  }

  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

class ByteParts : public ElfParts {
 public:
  explicit ByteParts(std::span<const std::byte> bytes) : bytes_(bytes) {}

 private:
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] bool copy(std::uint64_t offset, std::span<std::byte> into) const override {
    std::ranges::copy(bytes_.subspan(offset, into.size()), into.begin());
    return true;
  }

  std::span<const std::byte> bytes_;
};

template <class Segment>
bool file_offset(const std::vector<Segment>& segments, std::uint64_t address, std::uint64_t& offset) {
  for (const Segment& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0 || address < segment.p_vaddr ||
        address - segment.p_vaddr >= segment.p_filesz)
      continue;
    offset = address - segment.p_vaddr + segment.p_offset;
    return true;
  }
  return false;
}

template <class Elf>
void read_table(const ElfParts& file, const typename Elf::Section& table, const typename Elf::Section& strings,
                const std::vector<typename Elf::Segment>& segments, std::vector<ElfFunction>& functions) {
  const auto text = file.read<char>(strings.sh_offset, strings.sh_size);
  const std::string_view names(text.data(), text.size());
  for (const auto& symbol :
       file.read<typename Elf::Symbol>(table.sh_offset, table.sh_size / sizeof(typename Elf::Symbol))) {
    const unsigned type = symbol.st_info & 0xF;
    ElfFunction function;
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names.size() ||
        !file_offset(segments, symbol.st_value, function.offset))
      continue;
    const std::string_view rest = names.substr(symbol.st_name);
    const std::string_view name = rest.substr(0, rest.find('\0'));
    function.name = name.substr(0, name.find('@'));
    if (!function.name.empty())
      functions.push_back(std::move(function));
  }
}

template <class Elf>
std::vector<ElfFunction> read_functions(const ElfParts& file) {
  std::vector<ElfFunction> functions;
  const auto headers = file.read<typename Elf::Header>(0, 1);
  if (headers.empty() || headers[0].e_shentsize != sizeof(typename Elf::Section) ||
      headers[0].e_phentsize != sizeof(typename Elf::Segment))
    return functions;
  const auto& header = headers[0];
  const auto segments = file.read<typename Elf::Segment>(header.e_phoff, header.e_phnum);
  auto sections = file.read<typename Elf::Section>(header.e_shoff, header.e_shnum);
  // With very many sections the number is in the first one (gABI, "e_shnum").
  if (header.e_shnum == 0 && header.e_shoff != 0) {
    const auto first = file.read<typename Elf::Section>(header.e_shoff, 1);
    if (!first.empty())
      sections = file.read<typename Elf::Section>(header.e_shoff, first[0].sh_size);
  }
  // A file has one of each (gABI, "SHT_SYMTAB"); one that claims more could have us read it as often as it has
  // sections.
  for (const unsigned type : {unsigned{SHT_SYMTAB}, unsigned{SHT_DYNSYM}}) {
    const auto section = std::ranges::find(sections, type, &Elf::Section::sh_type);
    if (section != sections.end() && section->sh_link < sections.size())
      read_table<Elf>(file, *section, sections[section->sh_link], segments, functions);
  }
  return functions;
}

std::vector<ElfFunction> functions_of(const ElfParts& file, const std::string& name) {
  const auto ident = file.read<unsigned char>(0, EI_NIDENT);
  constexpr unsigned char kOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (ident.empty() || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0)
    throw Error(ENOEXEC, "read", name, "it is no ELF file");
  if (ident[EI_DATA] != kOrder)
    throw Error(ENOEXEC, "read", name, "it is for a machine of the other byte order");
  return ident[EI_CLASS] == ELFCLASS32 ? read_functions<Elf32>(file) : read_functions<Elf64>(file);
}

}  // namespace

std::vector<ElfFunction> read_elf_functions(const std::string& path) {
  return functions_of(FileParts(path), path);
}

std::vector<ElfFunction> parse_elf_functions(std::span<const std::byte> bytes, const std::string& name) {
  return functions_of(ByteParts(bytes), name);
}

}  // namespace fathom::bpf
