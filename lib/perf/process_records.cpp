#include "process_records.hpp"

#include "perf_event_open.hpp"

#include <fathom/base/error.hpp>

#include <linux/perf_event.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <utility>
#include <variant>

namespace fathom::perf {

namespace {

constexpr std::string_view kWhat = "the event of mapped files";

perf_event_attr attributes(std::size_t ring_bytes) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.mmap = 1;
  attr.mmap2 = 1;
  attr.comm = 1;
  attr.comm_exec = 1;
  attr.task = 1;
  attr.sample_id_all = 1;
  attr.sample_type = PERF_SAMPLE_TIME;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  attr.watermark = 1;
  attr.wakeup_watermark = static_cast<std::uint32_t>(ring_bytes / 2);
  return attr;
}

UniqueFd open_on(unsigned cpu, const ProcessRecordsOptions& options, bool& build_ids) {
  constexpr std::size_t kPage = 4096;
  perf_event_attr attr = attributes(options.ring_pages * kPage);
  const Target target{.pid = -1, .cpu = static_cast<int>(cpu)};
  const Purpose purpose{.what = kWhat, .paranoid = 0, .proc = options.proc};
  if (build_ids) {
    attr.build_id = 1;
    try {
      return open_event(attr, target, purpose);
    } catch (const Error& error) {
      if (!is_unknown_attribute(error))
        throw;
    }
    build_ids = false;
    attr.build_id = 0;
  }
  return open_event(attr, target, purpose);
}

}  // namespace

ProcessRecords::ProcessRecords(ProcessRecordsOptions options)
    : options_(std::move(options)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_)
    throw Error(errno, "create an epoll descriptor");
  for (const unsigned cpu : CpuSet::online(options_.sys).cpus())
    join(cpu);
}

void ProcessRecords::join(unsigned cpu) {
  Cpu joined{.number = cpu, .fd = {}, .mapping = {}, .ring = {}};
  try {
    joined.fd = open_on(cpu, options_, build_ids_);
  } catch (const Error& error) {
    if (error.code() == std::errc::no_such_device)
      return;  // it went down just now
    throw;
  }
  joined.mapping = PerfMapping(joined.fd.get(), options_.ring_pages, kWhat);
  joined.ring = joined.mapping.ring();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = cpu;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, joined.fd.get(), &event) != 0)
    throw Error(errno, "wait for the event of mapped files");
  cpus_.push_back(std::move(joined));
}

void ProcessRecords::follow(const CpuSet& online) {
  std::erase_if(cpus_, [&](const Cpu& cpu) { return !online.contains(cpu.number); });
  for (const unsigned cpu : online.cpus()) {
    if (std::ranges::find(cpus_, cpu, &Cpu::number) != cpus_.end())
      continue;
    join(cpu);
    lost_ += 1;
  }
}

void ProcessRecords::drain(std::vector<ProcessRecord>& to) {
  const auto first = static_cast<std::ptrdiff_t>(to.size());
  for (Cpu& cpu : cpus_) {
    cpu.ring.drain(stats_, [&](std::span<const std::byte> bytes) {
      ProcessRecord record = parse_process_record(bytes);
      const bool understood = record.what.index() != 0;
      if (const auto* lost = std::get_if<LostProcessRecords>(&record.what))
        lost_ += lost->lost;
      else if (understood && !std::holds_alternative<OtherRecord>(record.what))
        to.push_back(std::move(record));
      return understood;
    });
  }
  std::ranges::stable_sort(to.begin() + first, to.end(), {}, &ProcessRecord::time);
  follow(CpuSet::online(options_.sys));
}

}  // namespace fathom::perf
