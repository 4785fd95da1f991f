#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace fathom {

/// What went wrong, on which file, what the system said, and what to do about it.
///
///     try { fathom::TraceFs tracefs; }
///     catch (const fathom::Error& e) { std::cerr << e.what() << '\n'; }
///     // cannot find tracefs in /proc/self/mountinfo: No such file or directory (mount it: mount -t tracefs ...)
///
/// Constructors and factories of this library throw it (or one of its children); parsers never do. `code()` is the
/// errno value in the generic category, so `e.code() == std::errc::permission_denied` works. Copies share their text
/// and do not throw. Distinct objects are safe to use from distinct threads.
class Error : public std::system_error {
 public:
  /// `action` is a phrase that follows "cannot": "write 'vfs_nope' to". `path` is the file, or empty. `hint` is the
  /// remedy, or empty. Pass an errno that was copied before anything else could change it.
  Error(std::error_code code, std::string_view action, std::string_view path = {}, std::string_view hint = {});
  /// The same, from an errno value.
  Error(int errno_value, std::string_view action, std::string_view path = {}, std::string_view hint = {});
  /// The same, from the portable name of an errno value.
  Error(std::errc code, std::string_view action, std::string_view path = {}, std::string_view hint = {});

  /// One line: "cannot ACTION PATH: SYSTEM TEXT (HINT)".
  [[nodiscard]] const char* what() const noexcept override;
  /// What was tried, as a phrase that follows "cannot".
  [[nodiscard]] const std::string& action() const noexcept;
  /// The file, directory or object that was acted upon; empty where there is none.
  [[nodiscard]] const std::string& path() const noexcept;
  /// What to do about it, as a phrase for a person; empty where nothing is known.
  [[nodiscard]] const std::string& hint() const noexcept;

 private:
  struct Detail;
  std::shared_ptr<const Detail> detail_;
};

/// The running kernel (or this tracefs) does not have what was asked for. `code()` is `std::errc::not_supported`.
class UnsupportedError : public Error {
 public:
  /// `feature` is what was asked for, in the kernel's words; `instead` is what there is, or the version or
  /// configuration option that brings it.
  UnsupportedError(std::string_view feature, std::string_view path, std::string_view instead);

  /// What is missing, in the kernel's words: "tracer function_graph".
  [[nodiscard]] const std::string& feature() const noexcept { return *feature_; }

 private:
  std::shared_ptr<const std::string> feature_;
};

}  // namespace fathom
