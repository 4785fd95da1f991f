#pragma once

#include <fathom/base/unique_fd.hpp>

#include <string>

namespace examples {

/// A file that takes the place of another one, or of none, when it is complete. Until then nobody sees it, and where it
/// does not come that far all is as it was.
///
///     Replacement file("trace.dat");
///     std::fstream out(file.stream_path(), std::ios::in | std::ios::out | std::ios::binary);
///     ...
///     file.commit();
///
/// Of several that replace the same file the last one to commit counts. It takes as much room beside the old one.
class Replacement {
 public:
  /// Follows symbolic links, also to what is not there yet; what is there must be a regular file, and gives its mode.
  /// Throws fathom::Error where nothing can be written there.
  explicit Replacement(const std::string& path);
  ~Replacement();
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  /// The folder that it will be in.
  const std::string& directory() const { return directory_; }
  /// What it can be opened by, as long as this object is there.
  std::string stream_path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }
  /// Puts what was written into its place. Throws fathom::Error.
  void commit();

 private:
  std::string path_;
  std::string directory_;
  std::string temporary_;  // its name until then, where the file system does not do without
  fathom::UniqueFd file_;
};

}  // namespace examples
