#include "debug_file_search.hpp"

#include "debuginfod_find.hpp"
#include "dwarf_code.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace fathom::detail {

namespace {

// The checksum of .gnu_debuglink: CRC-32 as in zlib and Ethernet.
std::optional<std::uint32_t> crc_of(int fd) {
  static constexpr std::array<std::uint32_t, 256> kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xedb88320U : 0U);
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = 0xffffffffU;
  std::vector<unsigned char> buffer(1U << 20U);
  off_t offset = 0;
  while (true) {
    const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return std::nullopt;
    if (got == 0)
      return ~crc;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i)
      crc = (crc >> 8U) ^ kTable[(crc ^ buffer[i]) & 0xffU];
    offset += got;
  }
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// `build_id` empty: anything goes.
std::unique_ptr<ElfImage> open_with_id(const std::string& path, const std::string& build_id, FileTrust trust) {
  UniqueFd fd = open_regular(path);
  if (!fd)
    return nullptr;
  auto image = ElfImage::of_file(std::move(fd), trust);
  return image != nullptr && image->build_id() == build_id ? std::move(image) : nullptr;
}

std::unique_ptr<ElfImage> open_with_crc(const std::string& path, std::uint32_t crc, FileTrust trust) {
  UniqueFd fd = open_regular(path);
  return fd && crc_of(fd.get()) == crc ? ElfImage::of_file(std::move(fd), trust) : nullptr;
}

}  // namespace

std::string build_id_path(const std::string& build_id) {
  return build_id.size() < 4 ? std::string()
                             : "/.build-id/" + build_id.substr(0, 2) + '/' + build_id.substr(2) + ".debug";
}

DebugFile find_debug_file(const ElfImage& binary, const std::string& path, const std::string& local_path,
                          const ElfFilesOptions& options, DebuginfodFind& servers) {
  DebugFile file;
  const auto is_found = [&file](std::unique_ptr<ElfImage> image, const std::string& where) {
    file.image = std::move(image);
    if (file.image != nullptr)
      file.path = where;
    return file.image != nullptr;
  };
  const std::string& id = binary.build_id();
  if (const std::string by_id = build_id_path(id); !by_id.empty()) {
    for (const std::string& root : options.debug_roots) {
      const std::string candidate = root + by_id;
      if (is_found(open_with_id(candidate, id, FileTrust::system), candidate))
        return file;
    }
  }
  if (const auto link = binary.debug_link()) {
    const auto matching = [&](const std::string& candidate, FileTrust trust) {
      return is_found(id.empty() ? open_with_crc(candidate, link->crc, trust) : open_with_id(candidate, id, trust),
                      candidate);
    };
    for (const std::string& root : options.debug_roots) {
      if (matching(std::string(root).append(folder_of(path)).append("/").append(link->name), FileTrust::system))
        return file;
    }
    const std::string folder = folder_of(local_path);
    if (options.debug_file_beside_binary && (matching(folder + '/' + link->name, FileTrust::process) ||
                                             matching(folder + "/.debug/" + link->name, FileTrust::process)))
      return file;
  }
  file.problem = "no debug file found";
  if (!id.empty()) {
    const DebuginfodFind::Answer answer = servers.debuginfo(id);
    if (!answer.path.empty() && is_found(open_with_id(answer.path, id, FileTrust::system), answer.path))
      file.problem.clear();
    else if (!answer.problem.empty())
      file.problem += "; " + answer.problem;
  }
  return file;
}

std::unique_ptr<ElfImage> find_supplement(const ElfImage& image, const std::string& path,
                                          const ElfFilesOptions& options, DebuginfodFind& servers) {
  const std::optional<DebugSupplement> wanted = debug_supplement(image);
  if (!wanted)
    return nullptr;
  const std::string by_id = build_id_path(wanted->build_id);
  if (by_id.empty())
    return nullptr;
  for (const std::string& root : options.debug_roots) {
    if (auto found = open_with_id(root + by_id, wanted->build_id, FileTrust::system))
      return found;
  }
  const std::string named =
      wanted->name.starts_with('/') ? wanted->name : folder_of(path).append("/").append(wanted->name);
  if (auto found = open_with_id(named, wanted->build_id, FileTrust::process))
    return found;
  const DebuginfodFind::Answer answer = servers.debuginfo(wanted->build_id);
  return answer.path.empty() ? nullptr : open_with_id(answer.path, wanted->build_id, FileTrust::system);
}

}  // namespace fathom::detail
