#pragma once

#include <utility>

namespace fathom {

/// Owns one file descriptor and closes it.
///
///     UniqueFd fd{::open(path, O_RDONLY | O_CLOEXEC)};
///     if (!fd) throw Error(errno, "open", path);
///     ::read(fd.get(), buffer, size);
///
/// Move-only. The destructor ignores what close() says: there is nobody left to tell, and the descriptor is gone either
/// way (Linux frees it even when close() fails). Not safe to share between threads without a lock.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  /// Takes ownership of `fd`; a negative value is "none".
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  /// Another descriptor of what `fd` has open, closed on exec. Throws Error (EBADF; EMFILE: too many descriptors).
  [[nodiscard]] static UniqueFd duplicate(int fd);
  ~UniqueFd() { reset(); }
  /// Takes over what `other` owns, which then owns nothing.
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  /// Closes what is owned and takes over what `other` owns.
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other)
      reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;

  /// The descriptor, still owned here; -1 for none.
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// Whether a descriptor is owned.
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives the descriptor up to the caller.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what is owned and takes `fd` instead. errno is left as it was.
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace fathom
