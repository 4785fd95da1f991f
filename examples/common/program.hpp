#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

// What all examples have in common as programs: exit codes, and how they tell of a failure.
namespace examples {

inline constexpr int kFailure = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kUnsupported = 77;  // what Automake's and other test drivers take for "skipped"

/// The command line makes no sense; the text says why.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A command that we were told to run can't be run; the text says why.
class CommandError : public std::runtime_error {
 public:
  /// `found`: there is such a file.
  CommandError(const std::string& text, bool found) : std::runtime_error(text), found_(found) {}
  /// As shells have it.
  int exit_status() const noexcept { return found_ ? 126 : 127; }

 private:
  bool found_;
};

/// Runs `body` and gives its exit status, or that of what it throws: UsageError 2, fathom::UnsupportedError 77, a
/// CommandError's own, any other 1. What went wrong is said on standard error, behind the program's name. Standard
/// descriptors that are closed stay unusable, but no file that the program opens gets their numbers.
int run_program(std::string_view name, const std::function<int()>& body);

/// "NAME: TEXT" on standard error; nothing if that can't be written to.
void tell(std::string_view name, std::string_view text) noexcept;

/// Raises the soft limit of open files to the hard one.
void use_all_descriptors() noexcept;

/// The version of the library, as --version prints it.
std::string_view version();

}  // namespace examples
