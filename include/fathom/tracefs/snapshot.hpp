#pragma once

#include <memory>
#include <string>

namespace fathom {

class TraceFiles;

/// The spare buffer that the kernel can swap with the live one at a moment of interest: the file `snapshot`.
///
///     Snapshot snapshot = tracefs.snapshot();
///     snapshot.take();                  // the live buffer becomes the snapshot; tracing goes on
///     std::string text = snapshot.read();
///     snapshot.release();               // gives the memory back
///
/// A handle, as FunctionFilter is; needs root and CONFIG_TRACER_SNAPSHOT. The latency tracers use the spare buffer
/// themselves: while one is current every write gives EBUSY.
class Snapshot {
 public:
  /// `path` is relative to the root of `files`: `snapshot`, `instances/x/snapshot`.
  Snapshot(std::shared_ptr<TraceFiles> files, std::string path);

  /// Whether the spare buffer has memory.
  [[nodiscard]] bool allocated() const;
  /// Gives it memory, as much as the live one has, and leaves it empty.
  void allocate();
  /// Swaps the buffers; allocates first where that was not done.
  void take();
  /// Empties the snapshot and keeps its memory.
  void clear();
  /// Gives the memory back.
  void release();
  /// The text of the snapshot.
  [[nodiscard]] std::string read() const;

 private:
  std::shared_ptr<TraceFiles> files_;
  std::string path_;
};

}  // namespace fathom
