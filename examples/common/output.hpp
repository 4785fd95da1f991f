#pragma once

#include <fathom/base/unique_fd.hpp>

#include <memory>
#include <ostream>
#include <string>

namespace examples {

/// Where a program's data goes: a file, standard output or standard error. Unlike std::ofstream it says what went
/// wrong: a write that fails, also by way of `stream()`, throws fathom::Error with the file and the reason.
///
///     Output output = Output::file("calls.txt");
///     output.stream() << "data\n";
///     output.close();      // without it, nobody learns that the last piece did not fit on the disk
class Output {
 public:
  /// Made if it is not there. What it holds is kept until the first data is written, or `close`: a program that fails
  /// before leaves it as it was, or not there. "-" is standard output.
  static Output file(const std::string& path);
  static Output standard_output();
  static Output standard_error();
  ~Output();
  Output(Output&&) noexcept;
  Output& operator=(Output&&) noexcept;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  std::ostream& stream();
  bool is_terminal() const;
  /// Whether writing would destroy what is read from `input`, named as for an Input.
  bool would_overwrite(const std::string& input) const;
  /// Writes what waits.
  void close();

 private:
  class Buffer;
  Output(fathom::UniqueFd fd, std::string name, bool replace, bool made);

  std::unique_ptr<Buffer> buffer_;
  std::unique_ptr<std::ostream> stream_;
};

/// When to use colours.
enum class Color { automatic, always, never };

/// Whether text for `output` shall have colours: automatic means on a terminal that knows them, unless the environment
/// has NO_COLOR (https://no-color.org).
bool wants_color(Color color, const Output& output);

}  // namespace examples
