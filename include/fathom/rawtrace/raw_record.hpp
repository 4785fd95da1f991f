#pragma once

#include <fathom/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace fathom {

/// One event as it stands in the ring buffer.
///
///     void on(const RawRecord& record) { if (record.id == switch_id) pids.insert(next_pid(record.bytes())); }
///
/// A view into the page, good until the sink's `on()` returns; if the page outlives that, as long as the page.
struct RawRecord {
  std::uint64_t time = 0;           ///< on the clock of the trace, as that counts: nanoseconds for most
  const std::byte* data = nullptr;  ///< begins with `common_type`
  std::uint32_t size = 0;           ///< in bytes, a multiple of 4: the kernel pads records
  std::uint32_t cpu = 0;            ///< whose page it is
  std::uint16_t id = 0;             ///< `common_type`: the number of its EventFormat

  /// What a FieldReader takes.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data, size}; }
  /// `time` as events have it.
  [[nodiscard]] Timestamp timestamp() const noexcept { return Timestamp{time}; }
};

/// What takes records. `on(record)`, or `on(record, next)`: `next` is the record that follows on the same CPU, null
/// where what was given to the decoder ends. A sink that has `on(const Loss&)` gets losses too, each before the record
/// that follows the gap. What it throws passes through the decoder, which stays destructible and no more.
template <class Sink>
concept RecordSink = requires(Sink& sink, const RawRecord& record) { sink.on(record); } ||
                     requires(Sink& sink, const RawRecord& record) { sink.on(record, &record); };

/// Gives a record to a sink in the way that it asks for.
template <RecordSink Sink>
void give(Sink& sink, const RawRecord& record, const RawRecord* next) {
  if constexpr (requires { sink.on(record, next); })
    sink.on(record, next);
  else
    sink.on(record);
}

}  // namespace fathom
