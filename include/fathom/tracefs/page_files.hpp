#pragma once

#include <fathom/base/unique_fd.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

/// A file of raw pages for each CPU that recorded something: PREFIX0, PREFIX1 and so on. A PageFileSink.
///
///     PageFiles files("/tmp/trace.cpu");
///     recorder.run(files, {.until = child.pidfd()});
///     const Recording recording = recorder.stop(files);
///     for (unsigned cpu : files.cpus()) decoder.feed(cpu, map_file(files.path(cpu)), sink);
///
/// Files are made when the first page of their CPU comes (a CPU may come late), mode 0600. They are always new: what
/// has that name already, a link too, is left as it is, and file() throws Error (std::errc::file_exists). They stay
/// when this object goes; remove() takes them away. Move-only. Not safe to share between threads.
class PageFiles {
 public:
  /// Makes nothing yet.
  explicit PageFiles(std::string prefix) : prefix_(std::move(prefix)) {}

  /// The descriptor of a CPU's file, open for reading and writing. Throws Error.
  [[nodiscard]] int file(unsigned cpu);
  /// Those that have a file, ascending.
  [[nodiscard]] std::vector<unsigned> cpus() const;
  /// The path of a CPU's file, whether there is one or not.
  [[nodiscard]] std::string path(unsigned cpu) const { return prefix_ + std::to_string(cpu); }
  /// Closes and removes the files that were made. Throws Error for the first that cannot be removed, having tried all.
  void remove();

 private:
  std::string prefix_;
  std::map<unsigned, UniqueFd> files_;
};

}  // namespace fathom
