#include "read_maps.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/symbols/process_map.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace fathom {

namespace {

// PATH_MAX bytes, each of which may stand as \012, and the columns before.
constexpr std::size_t kLongestLine = 4 * 4096UL + 256;

// Takes one field and its separator off the front.
template <class Number>
bool take(std::string_view& text, char separator, int base, Number& value) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (ec != std::errc{} || length == text.size() || text[length] != separator)
    return false;
  text.remove_prefix(length + 1);
  return true;
}

bool take_flag(std::string_view& text, char yes, char no, bool& value) {
  if (text.empty() || (text[0] != yes && text[0] != no))
    return false;
  value = text[0] == yes;
  text.remove_prefix(1);
  return true;
}

// seq_file_path() writes a newline in a name as \012, and nothing else that way.
std::string unescaped(std::string_view path) {
  constexpr std::string_view kNewline = "\\012";
  std::string name;
  name.reserve(path.size());
  for (std::size_t at = path.find(kNewline); at != std::string_view::npos; at = path.find(kNewline)) {
    name += path.substr(0, at);
    name += '\n';
    path.remove_prefix(at + kNewline.size());
  }
  return name += path;
}

std::optional<ProcessMapping> parse_mapping(std::string_view line) {
  ProcessMapping mapping;
  if (!take(line, '-', 16, mapping.start) || !take(line, ' ', 16, mapping.end) || mapping.start >= mapping.end ||
      !take_flag(line, 'r', '-', mapping.readable) || !take_flag(line, 'w', '-', mapping.writable) ||
      !take_flag(line, 'x', '-', mapping.executable) || !take_flag(line, 's', 'p', mapping.shared) ||
      !line.starts_with(' '))
    return std::nullopt;
  line.remove_prefix(1);
  if (!take(line, ' ', 16, mapping.offset) || !take(line, ':', 16, mapping.dev_major) ||
      !take(line, ' ', 16, mapping.dev_minor))
    return std::nullopt;
  const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), mapping.inode);
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (ec != std::errc{} || (!line.empty() && !line.starts_with(' ')))
    return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));

  constexpr std::string_view kDeleted = " (deleted)";
  if (line.ends_with(kDeleted)) {
    mapping.deleted = true;
    line.remove_suffix(kDeleted.size());
  }
  mapping.path = unescaped(line);
  return mapping;
}

}  // namespace

const ProcessMapping* ProcessMap::find(std::uint64_t address) const noexcept {
  auto after = std::ranges::upper_bound(mappings, address, {}, &ProcessMapping::start);
  if (after == mappings.begin() || address >= (after - 1)->end)
    return nullptr;
  return &*(after - 1);
}

ProcessMap parse_maps(std::string_view text) {
  ProcessMap map;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const bool cut = newline == std::string_view::npos;
    const std::string_view line = text.substr(0, newline);
    const std::size_t bytes = cut ? line.size() : line.size() + 1;
    text.remove_prefix(bytes);
    map.stats.bytes += bytes;

    if (line.size() > kLongestLine) {
      map.stats.count_skipped(SkipReason::line_too_long, line, bytes);
    } else if (line.find('\0') != std::string_view::npos) {
      map.stats.count_skipped(SkipReason::not_text, line, bytes);
    } else if (cut) {
      map.stats.count_skipped(SkipReason::cut_line, line, bytes);
    } else if (std::optional<ProcessMapping> mapping = parse_mapping(line)) {
      map.mappings.push_back(*std::move(mapping));
      map.stats.count_parsed(bytes);
    } else {
      map.stats.count_skipped(SkipReason::unknown_line, line, bytes);
    }
  }
  std::ranges::stable_sort(map.mappings, {}, &ProcessMapping::start);
  return map;
}

const char* detail::process_hint(int error) noexcept {
  if (error == ENOENT || error == ESRCH)
    return "the process has ended, or never was";
  return error == EACCES || error == EPERM ? "this needs to be its user, or CAP_SYS_PTRACE" : "";
}

ProcessMap detail::read_maps_in(int folder, const std::string& path) {
  const auto fail = [&path](int error) { throw Error(error, "read", path + "/maps", process_hint(error)); };
  const UniqueFd fd(::openat(folder, "maps", O_RDONLY | O_CLOEXEC));
  if (!fd)
    fail(errno);
  std::string text;
  std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      fail(errno);
    if (got == 0)
      break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return parse_maps(text);
}

ProcessMap read_maps(int pid, const std::string& proc) {
  const std::string path = proc + '/' + std::to_string(pid);
  const UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    const int error = errno;
    throw Error(error, "read", path + "/maps", detail::process_hint(error));
  }
  return detail::read_maps_in(folder.get(), path);
}

}  // namespace fathom
