#pragma once

#include <string>
#include <string_view>

namespace fathom::bpf {

/// Keeps what libbpf says to this thread, for as long as it lives; the warnings can be read. libbpf has one print
/// callback for the whole process: the first scope puts ours there, for good, which passes on to the callback before it
/// whatever is said outside of a scope. A program that sets another callback later hears ours as well, and here the
/// warnings are missing then.
class PrintScope {
 public:
  PrintScope();
  ~PrintScope();
  PrintScope(const PrintScope&) = delete;
  PrintScope& operator=(const PrintScope&) = delete;

  /// The warnings so far, a line each.
  [[nodiscard]] const std::string& warnings() const noexcept { return warnings_; }
  void clear() noexcept { warnings_.clear(); }
  void add(std::string_view text) { warnings_ += text; }

 private:
  PrintScope* outer_;
  std::string warnings_;
};

}  // namespace fathom::bpf
