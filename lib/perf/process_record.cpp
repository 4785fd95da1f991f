#include "process_record.hpp"

#include "record_decoder.hpp"

#include <linux/perf_event.h>

#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace fathom::perf {

namespace {

std::string hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

std::uint32_t pid_of(const PerfOrigin& origin) {
  return static_cast<std::uint32_t>(origin.pid.value_or(0));
}

// What a profiler wants to know of a record.
struct Interest {
  using What = decltype(ProcessRecord::what);

  What operator()(const PerfMmap& map) const {
    return MapRecord{.pid = pid_of(map),
                     .address = map.address,
                     .length = map.length,
                     .offset = map.offset,
                     .dev_major = map.device_major,
                     .dev_minor = map.device_minor,
                     .inode = map.inode,
                     .build_id = hex(map.build_id),
                     .path = std::string(map.path)};
  }
  What operator()(const PerfComm& comm) const {
    return comm.exec ? What(ExecRecord{pid_of(comm)}) : What(OtherRecord{});
  }
  What operator()(const PerfTask& task) const {
    if (task.exited)
      return OtherRecord{};
    return ForkRecord{.pid = pid_of(task), .parent = static_cast<std::uint32_t>(task.parent_pid)};
  }
  // Not asked for.
  What operator()(const PerfOrigin& /*other*/) const { return {}; }
};

}  // namespace

ProcessRecord parse_process_record(std::span<const std::byte> record) {
  constexpr RecordLayout kLayout{.sample_type = PERF_SAMPLE_TIME, .read_format = 0};
  std::vector<std::uint64_t> words(record.size() / sizeof(std::uint64_t));
  if (std::span(words).size_bytes() != record.size() || words.empty())
    return {};
  std::memcpy(words.data(), record.data(), record.size());
  PerfEventRecord told;
  LostRecords lost;
  switch (decode_record(kLayout, words, told, lost)) {
    case Decoded::record:
      return {.time = std::visit([](const PerfOrigin& origin) { return origin.time.value_or(Timestamp{}); }, told),
              .what = std::visit(Interest{}, told)};
    case Decoded::loss:
      return {.time = {words.back()}, .what = LostProcessRecords{lost.ring_full}};
    case Decoded::nothing:
      return {};
  }
  return {};
}

}  // namespace fathom::perf
