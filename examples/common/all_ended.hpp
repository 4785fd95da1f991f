#pragma once

#include <fathom/base/unique_fd.hpp>

#include <thread>
#include <vector>

namespace examples {

/// A descriptor that becomes readable when the last of several processes has ended.
///
///     AllEnded ended({4711, 4712});
///     poll(ended.native_handle());
///
/// A thread waits for them, so make a fathom::StopSignals first.
class AllEnded {
 public:
  /// Throws fathom::Error if there is no such process.
  explicit AllEnded(const std::vector<int>& pids);
  ~AllEnded();
  AllEnded(const AllEnded&) = delete;
  AllEnded& operator=(const AllEnded&) = delete;

  int native_handle() const { return all_ended_.get(); }

 private:
  void wait() const;

  std::vector<fathom::UniqueFd> processes_;
  fathom::UniqueFd all_ended_;
  fathom::UniqueFd give_up_;
  std::thread thread_;
};

}  // namespace examples
