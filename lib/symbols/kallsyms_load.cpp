#include "kallsyms_parser.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

namespace fathom {

namespace {

// The kernel gives a page of /proc/kallsyms at a time; other files come faster in bigger pieces.
constexpr std::size_t kPiece = 64UL * 1024;

UniqueFd open_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  const int error = errno;
  if (!fd)
    throw Error(error, "open", path,
                error == ENOENT && path == KallsymsOptions{}.path
                    ? "CONFIG_KALLSYMS brings /proc/kallsyms, and proc must be mounted"
                    : "");
  return fd;
}

// A setting of /proc/sys as it stands there, or what stands for one that cannot be read.
std::string read_setting(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  std::array<char, 32> text{};
  const ::ssize_t size = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (size <= 0)
    return "unknown";
  const std::string value(text.data(), static_cast<std::size_t>(size));
  return value.substr(0, value.find('\n'));
}

// The rule is kallsyms_show_value's (Linux 6.12, kernel/ksyms_common.c).
std::string why_hidden(const KallsymsOptions& options) {
  const std::string restrict_value = read_setting(options.kptr_restrict_path);
  const std::string paranoid = read_setting(options.perf_event_paranoid_path);
  std::string hint = "every address in it is zero: ";
  hint += restrict_value == "2" ? "kernel.kptr_restrict is 2, which hides them from everyone"
                                : "whoever opens it needs CAP_SYSLOG, or kernel.kptr_restrict 0 and "
                                  "kernel.perf_event_paranoid 1 or less";
  return hint + "; now kptr_restrict is " + restrict_value + " and perf_event_paranoid " + paranoid;
}

// What stands in no file of symbols: a line as long as that, or so much before the first symbol. Without a bound, a
// device that never ends would be read for ever.
constexpr std::uint64_t kMost = 1UL << 20U;

constexpr const char* kNotKallsyms =
    "it is no text as /proc/kallsyms gives it, with lines such as `ffffffff81000000 T _stext`";

}  // namespace

KallsymsIndex KallsymsIndex::load(const KallsymsOptions& options) {
  const UniqueFd fd = open_file(options.path);
  detail::KallsymsParser parser(options.leave_out_labels);
  std::string buffer(kPiece, '\0');
  while (true) {
    const ::ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    const int error = errno;
    if (size == 0)
      break;
    if (size < 0) {
      if (error == EINTR)
        continue;
      throw Error(error, "read symbols from", options.path);
    }
    parser.feed({buffer.data(), static_cast<std::size_t>(size)});
    if (parser.open_line() > kMost || (parser.stats().parsed_records == 0 && parser.stats().bytes > kMost))
      throw Error(std::errc::no_message_available, "find a symbol in", options.path, kNotKallsyms);
  }
  const KallsymsIndex index(parser.finish());
  if (index.empty())
    throw Error(std::errc::no_message_available, "find a symbol in", options.path,
                index.stats().bytes == 0 ? "it is empty" : kNotKallsyms);
  if (index.visibility() == KallsymsVisibility::hidden && !options.allow_hidden)
    throw Error(std::errc::permission_denied, "see addresses in", options.path, why_hidden(options));
  return index;
}

}  // namespace fathom
