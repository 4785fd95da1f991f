#pragma once

#include <fathom/base/unique_fd.hpp>

#include <map>
#include <string>

namespace funcgraph {

/// Where pages wait until they are decoded: a file for each CPU that recorded something, in $TMPDIR or else in
/// /var/tmp, which is on a disk where /tmp may be memory. The files have no names: nothing is left of them, however we
/// end. A PageFileSink.
class PageSpool {
 public:
  /// What to do where there is no room.
  static constexpr const char* kHint = "set TMPDIR to a folder with room, record less, or read the text: --text";

  /// Throws fathom::Error where no file can be made, so that it is heard of before anything is recorded.
  PageSpool();

  /// The descriptor of a CPU's file. Throws fathom::Error.
  int file(unsigned cpu);
  /// Those that were made.
  const std::map<unsigned, fathom::UniqueFd>& files() const { return files_; }
  /// What stands for them in messages.
  const std::string& name() const { return directory_; }

 private:
  std::string directory_;
  std::map<unsigned, fathom::UniqueFd> files_;
};

}  // namespace funcgraph
