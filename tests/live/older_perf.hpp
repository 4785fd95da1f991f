#pragma once

namespace fathom::live {

/// While this lives, perf_event_open() refuses PERF_FORMAT_LOST to this process as kernels before 6.0 do.
class OlderPerf {
 public:
  OlderPerf();
  ~OlderPerf();
  OlderPerf(const OlderPerf&) = delete;
  OlderPerf& operator=(const OlderPerf&) = delete;

  /// How often it did.
  [[nodiscard]] unsigned refused() const noexcept;
};

}  // namespace fathom::live
