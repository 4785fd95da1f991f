#pragma once

#include <fathom/base/unique_fd.hpp>

#include <map>
#include <string>
#include <vector>

namespace examples {

/// Where pages wait until they are decoded, or put together in one file: a file for each CPU that recorded something.
/// The files have no names: nothing is left of them, however we end. A PageFileSink.
class PageSpool {
 public:
  /// The files are made in this folder; `hint` is what to do where there is no room. Throws fathom::Error where no file
  /// can be made, so that it is heard of before anything is recorded.
  PageSpool(std::string directory, std::string hint);

  /// The descriptor of a CPU's file. Throws fathom::Error.
  int file(unsigned cpu);
  /// What stands for it in messages.
  std::string path(unsigned) const { return directory_; }
  const std::string& hint() const { return hint_; }
  /// Those that were made.
  const std::map<unsigned, fathom::UniqueFd>& files() const { return files_; }
  /// Gives them names after all, on the file system of the folder: PREFIX0, PREFIX1; where there is such a file already
  /// PREFIX0.1 and so on. Gives the names. Throws fathom::Error.
  std::vector<std::string> keep(const std::string& prefix) const;

 private:
  std::string directory_;
  std::string hint_;
  std::map<unsigned, fathom::UniqueFd> files_;
};

/// $TMPDIR, or else /var/tmp, which is on a disk where /tmp may be memory.
std::string folder_for_pages();

}  // namespace examples
