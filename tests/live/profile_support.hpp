#pragma once

#include <fathom/profile/profile.hpp>
#include <fathom/profile/profile_names.hpp>
#include <fathom/symbols/kallsyms_index.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::live {

/// Memory that a child and this process share: for the numbers that the child measures.
class SharedNumbers {
 public:
  SharedNumbers();
  ~SharedNumbers();
  SharedNumbers(const SharedNumbers&) = delete;
  SharedNumbers& operator=(const SharedNumbers&) = delete;
  [[nodiscard]] volatile std::int64_t& operator[](unsigned index) const { return numbers_[index]; }

 private:
  volatile std::int64_t* numbers_;
};

/// Names of the kernel, and of files by their ELF symbols.
class Names {
 public:
  Names();
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  [[nodiscard]] NamedProfile name(const Profile& profile, const NamingOptions& options = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Sums over the stacks in which a function is.
struct Share {
  std::uint64_t count = 0;
  std::uint64_t self = 0;  ///< of `count`, where it is innermost
  Duration time{0};
  Duration waiting{0};
};
[[nodiscard]] Share share_of(const NamedProfile& named, std::string_view function);

/// The folded text, for messages.
[[nodiscard]] std::string folded(const NamedProfile& named);

/// Expects that every moment seen is in an entry, or counted as idle or lost.
void expect_sums(const Profile& profile);

/// Only what one process did.
[[nodiscard]] Profile of_process(Profile profile, int pid);

}  // namespace fathom::live
