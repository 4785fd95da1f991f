#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom {

/// Finds the names that are most like one that does not exist: for "no such function; nearest: ...".
///
///     NearestNames nearest("vfs_raed");
///     for (std::string_view name : all) nearest.offer(name);
///     nearest.names();                              // {"vfs_read", ...}
///
/// Letters changed, added and missing count, letters that hang over at an end only little, since what is searched is
/// often a part of the name: `sys_openat` is near `__x64_sys_openat`. In a glob, `*` and `?` are passed over. A few
/// hundred nanoseconds an offer. Not for several threads at once.
class NearestNames {
 public:
  /// Keeps the `count` best.
  explicit NearestNames(std::string_view pattern, std::size_t count = 3);

  /// Takes a name into account; the same one twice counts once.
  void offer(std::string_view name);
  /// The best so far, best first; none if nothing is near.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  unsigned distance(std::string_view name);

  std::string text_;
  unsigned head_cost_;
  unsigned tail_cost_;
  unsigned worst_ = 0;
  std::size_t count_;
  std::vector<std::pair<unsigned, std::string>> best_;
  std::vector<unsigned> row_;
};

}  // namespace fathom
