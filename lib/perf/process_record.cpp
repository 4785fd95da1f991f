#include "process_record.hpp"

#include <linux/perf_event.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace fathom::perf {

namespace {

// What follows the header in each type of record: linux/perf_event.h, enum perf_event_type.
struct MapBody {
  std::uint32_t pid;
  std::uint32_t tid;
  std::uint64_t address;
  std::uint64_t length;
  std::uint64_t offset;
  std::array<std::uint8_t, 24> file;  // see below
  std::uint32_t protection;
  std::uint32_t flags;
  // char filename[], padded with NULs
};
struct FileById {
  std::uint32_t dev_major;
  std::uint32_t dev_minor;
  std::uint64_t inode;
  std::uint64_t generation;
};
struct FileByBuildId {
  std::uint8_t size;
  std::array<std::uint8_t, 3> reserved;
  std::array<std::uint8_t, 20> build_id;
};
struct CommBody {
  std::uint32_t pid;
  std::uint32_t tid;
  // char comm[], padded with NULs
};
struct ForkBody {  // and EXIT
  std::uint32_t pid;
  std::uint32_t parent;
  std::uint32_t tid;
  std::uint32_t parent_tid;
  std::uint64_t time;
};
struct LostBody {
  std::uint64_t id;
  std::uint64_t lost;
};

template <typename T>
T read(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::optional<std::string> padded_text(std::span<const std::byte> bytes) {
  const std::string_view padded(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t end = padded.find('\0');
  if (end == std::string_view::npos)
    return std::nullopt;
  return std::string(padded.substr(0, end));
}

std::optional<MapRecord> map_record(std::span<const std::byte> rest, bool has_build_id) {
  if (rest.size() < sizeof(MapBody))
    return std::nullopt;
  const auto body = read<MapBody>(rest);
  std::optional<std::string> path = padded_text(rest.subspan(sizeof body));
  if (!path)
    return std::nullopt;
  MapRecord record{
      .pid = body.pid, .address = body.address, .length = body.length, .offset = body.offset, .path = std::move(*path)};
  const auto file = std::as_bytes(std::span(body.file));
  if (has_build_id) {
    const auto by = read<FileByBuildId>(file);
    record.build_id = hex(std::span(by.build_id).first(std::min<std::size_t>(by.size, by.build_id.size())));
  } else {
    const auto by = read<FileById>(file);
    record.dev_major = by.dev_major;
    record.dev_minor = by.dev_minor;
    record.inode = by.inode;
  }
  return record;
}

}  // namespace

ProcessRecord parse_process_record(std::span<const std::byte> record) {
  if (record.size() < sizeof(perf_event_header) + sizeof(std::uint64_t))
    return {};
  const auto header = read<perf_event_header>(record);
  if (header.size != record.size())
    return {};
  ProcessRecord result{.time = {read<std::uint64_t>(record.last(sizeof(std::uint64_t)))}};
  const auto rest = record.subspan(sizeof header, record.size() - sizeof header - sizeof(std::uint64_t));
  switch (header.type) {
    case PERF_RECORD_MMAP2:
      if (auto map = map_record(rest, (header.misc & PERF_RECORD_MISC_MMAP_BUILD_ID) != 0))
        result.what = std::move(*map);
      break;
    case PERF_RECORD_COMM:
      if (rest.size() <= sizeof(CommBody))
        break;
      if ((header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0)
        result.what = ExecRecord{read<CommBody>(rest).pid};
      else
        result.what = OtherRecord{};
      break;
    case PERF_RECORD_FORK:
      if (rest.size() == sizeof(ForkBody))
        result.what = ForkRecord{read<ForkBody>(rest).pid, read<ForkBody>(rest).parent};
      break;
    case PERF_RECORD_EXIT:
      if (rest.size() == sizeof(ForkBody))
        result.what = OtherRecord{};
      break;
    case PERF_RECORD_LOST:
      if (rest.size() == sizeof(LostBody))
        result.what = LostProcessRecords{read<LostBody>(rest).lost};
      break;
    default:
      break;
  }
  return result;
}

}  // namespace fathom::perf
