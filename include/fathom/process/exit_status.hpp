#pragma once

namespace fathom {

/// How a process ended: by exit() with a code, or by a signal.
///
///     const ExitStatus status = child.wait();
///     if (status.signal != 0) std::cerr << "killed by signal " << status.signal << '\n';
///     else if (status.code != 0) std::cerr << "failed with " << status.code << '\n';
///     return status.shell_code();
///
/// A plain value.
struct ExitStatus {
  int code = 0;              ///< what was given to exit(), 0 to 255; 0 where a signal ended it
  int signal = 0;            ///< the signal that ended it; 0 where it called exit()
  bool core_dumped = false;  ///< the signal left a core dump

  /// Whether it ended by itself with exit code 0.
  [[nodiscard]] constexpr bool success() const noexcept { return code == 0 && signal == 0; }
  /// What a shell would have in `$?`: the code, or 128 + the signal.
  [[nodiscard]] constexpr int shell_code() const noexcept { return signal != 0 ? 128 + signal : code; }

  friend constexpr bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

}  // namespace fathom
