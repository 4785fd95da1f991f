#pragma once

namespace fathom {

/// The process that made something, for what must be undone by that process alone: after a fork the child has copies of
/// all objects, and destroys them too.
///
///     class Registration {
///       ~Registration() { if (owner_.is_current()) unregister(); }
///       OwningProcess owner_;
///     };
///
/// By the process id as this process sees it (getpid(2)): a child that is the first process of a new pid namespace, of
/// a parent that is the first of its own, cannot be told from that. Copies are of the same process. Safe from several
/// threads; no rights, no files; throws nothing.
class OwningProcess {
 public:
  /// The calling process.
  OwningProcess() noexcept;

  /// Whether this is the calling process.
  [[nodiscard]] bool is_current() const noexcept;

 private:
  int pid_;
};

}  // namespace fathom
