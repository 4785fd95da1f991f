#include <fathom/sched/proc_stat.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Every line is taken or counted, and no CPU comes twice.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fathom::ProcStat stat = fathom::parse_proc_stat({reinterpret_cast<const char*>(data), size});
  if (stat.stats.bytes != size || stat.stats.parsed_bytes + stat.stats.skipped_bytes != size ||
      stat.stats.parsed_records + stat.stats.skipped_records() != stat.stats.records)
    std::abort();
  for (std::size_t i = 0; i < stat.cpus.size(); ++i) {
    if (!stat.cpus[i].cpu || (i > 0 && *stat.cpus[i].cpu <= *stat.cpus[i - 1].cpu))
      std::abort();
    const fathom::CpuTicks none = stat.cpus[i].since(stat.cpus[i]);
    if (none.total() != 0 || stat.find(*stat.cpus[i].cpu) != &stat.cpus[i])
      std::abort();
  }
  return 0;
}
