#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_files.hpp>

#include <cerrno>

namespace fathom {

std::optional<std::size_t> TraceStream::splice(int /*pipe*/, std::size_t /*size*/) {
  throw Error(EINVAL, "splice", {}, "this source can only be read");
}

void TraceFiles::write(std::string_view path, std::string_view text) {
  if (text.empty()) {
    write_each(path, WriteMode::truncate, {});
    return;
  }
  const std::string whole(text);
  write_each(path, WriteMode::truncate, {&whole, 1});
}

void TraceFiles::append(std::string_view path, std::string_view text) {
  const std::string whole(text);
  write_each(path, WriteMode::append, {&whole, 1});
}

std::string TraceFiles::full_path(std::string_view path) const {
  std::string full = root();
  if (!path.empty()) {
    full += '/';
    full += path;
  }
  return full;
}

}  // namespace fathom
