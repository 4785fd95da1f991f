#pragma once

#include <fathom/base/unique_fd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// A file that is read piece by piece, or standard input, which is called "-".
///
///     Input input("trace.txt");
///     for (std::string_view chunk = input.next(); !chunk.empty(); chunk = input.next()) parser.feed(chunk, forest);
class Input {
 public:
  /// Reading also ends when `stop` becomes readable (StopSignals::native_handle()), as if the input had ended there.
  /// Throws fathom::Error.
  explicit Input(const std::string& path, int stop = -1);

  /// The path, or "standard input".
  const std::string& name() const { return name_; }
  /// The next piece, valid until the next call; empty at the end. Throws fathom::Error.
  std::string_view next();

 private:
  std::string name_;
  fathom::UniqueFd file_;  // none for standard input
  int fd_;
  int stop_;
  std::vector<char> buffer_;
};

}  // namespace examples
