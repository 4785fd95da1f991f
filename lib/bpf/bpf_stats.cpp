#include "error_cause.hpp"

#include <fathom/bpf/bpf_stats.hpp>

#include <bpf/bpf.h>

#include <cerrno>

namespace fathom {

BpfStats::BpfStats() : fd_(::bpf_enable_stats(BPF_STATS_RUN_TIME)) {
  const int error = errno;
  if (!fd_)
    throw bpf::failed(error, "switch on", "the statistics of BPF programs", {}, bpf::Right::system_admin);
}

}  // namespace fathom
