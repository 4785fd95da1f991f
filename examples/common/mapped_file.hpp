#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace examples {

/// A file, opened to be read. Throws fathom::Error.
fathom::UniqueFd open_file(const std::string& path);

/// From now on a mapped file that becomes shorter while it is read ends the program with a message and status 1, in
/// place of a crash. For programs that only read: nothing is put back or flushed.
void end_where_a_file_is_cut(std::string_view program);

/// The bytes of a file, mapped: read when they are looked at, and not copied.
class MappedFile {
 public:
  /// Throws fathom::Error.
  explicit MappedFile(const std::string& path);
  /// Of an open file, which may be closed afterwards; `name` is for messages.
  MappedFile(int file, const std::string& name);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace examples
