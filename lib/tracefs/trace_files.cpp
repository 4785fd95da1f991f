#include <fathom/tracefs/trace_files.hpp>

namespace fathom {

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
