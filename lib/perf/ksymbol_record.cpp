#include "ksymbol_record.hpp"

#include <linux/perf_event.h>

#include <cstring>
#include <string_view>

namespace fathom::perf {

namespace {

// What follows the header in each type of record, and what ends each: linux/perf_event.h, enum perf_event_type.
struct KsymbolBody {
  std::uint64_t addr;
  std::uint32_t len;
  std::uint16_t ksym_type;
  std::uint16_t flags;
  // char name[]: ended by a NUL, then padded with NULs to a multiple of 8
};
struct LostBody {
  std::uint64_t id;
  std::uint64_t lost;
};
struct SampleId {
  std::uint64_t time;
  std::uint32_t cpu;
  std::uint32_t reserved;
};

template <typename T>
T read(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

KsymbolRecord ksymbol(std::span<const std::byte> rest) {
  if (rest.size() < sizeof(KsymbolBody) + sizeof(SampleId))
    return {};
  const auto body = read<KsymbolBody>(rest);
  const auto id = read<SampleId>(rest.last(sizeof(SampleId)));
  const auto name_bytes = rest.subspan(sizeof body, rest.size() - sizeof body - sizeof id);
  const std::string_view padded(reinterpret_cast<const char*>(name_bytes.data()), name_bytes.size());
  const std::size_t end = padded.find('\0');
  if (end == 0 || end == std::string_view::npos)
    return {};
  return KsymbolEvent{.address = body.addr,
                      .length = body.len,
                      .name = std::string(padded.substr(0, end)),
                      .type = static_cast<KsymbolType>(body.ksym_type),
                      .unregistered = (body.flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER) != 0,
                      .flags = body.flags,
                      .time = {id.time},
                      .cpu = id.cpu};
}

}  // namespace

KsymbolRecord parse_ksymbol_record(std::span<const std::byte> record) {
  if (record.size() < sizeof(perf_event_header))
    return {};
  const auto header = read<perf_event_header>(record);
  if (header.size != record.size())
    return {};
  const auto rest = record.subspan(sizeof header);
  switch (header.type) {
    case PERF_RECORD_KSYMBOL:
      return ksymbol(rest);
    case PERF_RECORD_LOST:
      if (rest.size() != sizeof(LostBody) + sizeof(SampleId))
        return {};
      return LostRecord{read<LostBody>(rest).lost};
    default:
      return {};
  }
}

}  // namespace fathom::perf
