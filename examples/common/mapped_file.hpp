#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace examples {

/// A file, opened to be read. Throws fathom::Error.
fathom::UniqueFd open_file(const std::string& path);

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
