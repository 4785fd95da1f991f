#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace fathom::perf {

using Bytes = std::vector<std::byte>;

inline void append_raw(Bytes& bytes, const void* data, std::size_t size) {
  const auto* const first = static_cast<const std::byte*>(data);
  for (std::size_t i = 0; i < size; ++i)
    bytes.push_back(first[i]);
}

template <typename T>
void append(Bytes& bytes, const T& value) {
  append_raw(bytes, &value, sizeof value);
}

/// A record of this type: `body` behind the header, with the size that it has.
inline Bytes record(std::uint32_t type, const Bytes& body) {
  Bytes bytes;
  append(bytes, perf_event_header{
                    .type = type, .misc = 0, .size = static_cast<__u16>(sizeof(perf_event_header) + body.size())});
  append_raw(bytes, body.data(), body.size());
  return bytes;
}

/// A PERF_RECORD_KSYMBOL; the name is padded as the kernel pads it.
inline Bytes ksymbol_record(std::uint64_t address, std::string_view name, std::uint16_t type, std::uint16_t flags,
                            std::uint64_t time, std::uint32_t cpu) {
  Bytes body;
  append(body, address);
  append(body, std::uint32_t{64});
  append(body, type);
  append(body, flags);
  for (const char c : name)
    append(body, c);
  do
    append(body, '\0');
  while (body.size() % 8 != 0);
  append(body, time);
  append(body, cpu);
  append(body, std::uint32_t{0});
  return record(PERF_RECORD_KSYMBOL, body);
}

inline Bytes lost_record(std::uint64_t lost) {
  Bytes body;
  for (const std::uint64_t value : {std::uint64_t{7}, lost, std::uint64_t{1000}, std::uint64_t{0}})
    append(body, value);
  return record(PERF_RECORD_LOST, body);
}

}  // namespace fathom::perf
