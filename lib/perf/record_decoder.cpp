#include "record_decoder.hpp"

#include <linux/perf_event.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

namespace fathom::perf {

const std::uint64_t kKnownSampleType = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
                                       PERF_SAMPLE_ADDR | PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU |
                                       PERF_SAMPLE_PERIOD | PERF_SAMPLE_READ | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW;
const std::uint64_t kKnownReadFormat = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING |
                                       PERF_FORMAT_ID | PERF_FORMAT_GROUP | PERF_FORMAT_LOST;

namespace {

// Bits of PERF_RECORD_MISC_* that mean different things in different types of record.
constexpr unsigned kExactIp = 1U << 14U;        // of samples
constexpr unsigned kMmapBuildId = 1U << 14U;    // of MMAP2, Linux 5.12
constexpr unsigned kCommExec = 1U << 13U;       // of COMM
constexpr unsigned kSwitchOut = 1U << 13U;      // of SWITCH
constexpr unsigned kSwitchPreempt = 1U << 14U;  // of SWITCH
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kBuildIdSize = 20;

// Takes words off the front; nothing is read behind the end, and what would be is remembered.
class Words {
 public:
  explicit Words(std::span<const std::uint64_t> words) : rest_(words) {}

  std::uint64_t word() {
    if (rest_.empty()) {
      short_ = true;
      return 0;
    }
    const std::uint64_t word = rest_.front();
    rest_ = rest_.subspan(1);
    return word;
  }
  // Two numbers of 32 bits, in the order in which they lie in memory.
  std::pair<std::uint32_t, std::uint32_t> pair() {
    const std::uint64_t both = word();
    std::pair<std::uint32_t, std::uint32_t> halves;
    std::memcpy(&halves.first, &both, sizeof halves.first);
    std::memcpy(&halves.second, reinterpret_cast<const std::byte*>(&both) + sizeof halves.first, sizeof halves.second);
    return halves;
  }
  std::span<const std::uint64_t> take(std::uint64_t count) {
    if (count > rest_.size()) {
      short_ = true;
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] std::span<const std::uint64_t> rest() const { return rest_; }
  // Whether all there was has been taken, and no more.
  [[nodiscard]] bool fits() const { return !short_ && rest_.empty(); }
  [[nodiscard]] bool is_short() const { return short_; }

 private:
  std::span<const std::uint64_t> rest_;
  bool short_ = false;
};

Duration duration(std::uint64_t nanoseconds) {
  return Duration(static_cast<std::int64_t>(nanoseconds));
}

// A text that is ended by a NUL, and padded with them; empty if no NUL is there.
std::optional<std::string_view> text(std::span<const std::uint64_t> words) {
  const std::string_view bytes(reinterpret_cast<const char*>(words.data()), words.size_bytes());
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos)
    return std::nullopt;
  return bytes.substr(0, end);
}

PerfContext context_of(unsigned misc) {
  switch (misc & PERF_RECORD_MISC_CPUMODE_MASK) {
    case PERF_RECORD_MISC_KERNEL:
      return PerfContext::kernel;
    case PERF_RECORD_MISC_USER:
      return PerfContext::user;
    case PERF_RECORD_MISC_HYPERVISOR:
      return PerfContext::hypervisor;
    case PERF_RECORD_MISC_GUEST_KERNEL:
      return PerfContext::guest_kernel;
    case PERF_RECORD_MISC_GUEST_USER:
      return PerfContext::guest_user;
    default:
      return PerfContext::unknown;
  }
}

// Decodes one record.
class Decoder {
 public:
  Decoder(const RecordLayout& layout, unsigned misc, std::span<const std::uint64_t> body,
          std::vector<PerfEventRecord>& told)
      : layout_(layout), misc_(misc), words_(body), told_(told) {}

  bool sample() {
    auto& sample = add<PerfSample>();
    sample.context = context_of(misc_);
    sample.exact_ip = (misc_ & kExactIp) != 0;
    if (has(PERF_SAMPLE_IDENTIFIER))
      sample.id = words_.word();
    if (has(PERF_SAMPLE_IP))
      sample.ip = words_.word();
    take_task(sample);
    if (has(PERF_SAMPLE_TIME))
      sample.time = Timestamp{words_.word()};
    if (has(PERF_SAMPLE_ADDR))
      sample.address = words_.word();
    if (has(PERF_SAMPLE_ID))
      sample.id = words_.word();
    if (has(PERF_SAMPLE_STREAM_ID))
      (void)words_.word();
    take_cpu(sample);
    if (has(PERF_SAMPLE_PERIOD))
      sample.period = words_.word();
    if (has(PERF_SAMPLE_READ))
      sample.counts = counts();
    if (has(PERF_SAMPLE_CALLCHAIN))
      sample.callchain = PerfCallchain(words_.take(words_.word()));
    if (has(PERF_SAMPLE_RAW) && !take_raw(sample))
      return false;
    return words_.fits();
  }

  bool mmap2() {
    auto& record = add<PerfMmap>();
    if (!take_trailer(record))
      return false;
    take_own_task(record);
    record.address = words_.word();
    record.length = words_.word();
    record.offset = words_.word();
    if ((misc_ & kMmapBuildId) != 0) {
      if (!take_build_id(record))
        return false;
    } else {
      std::tie(record.device_major, record.device_minor) = words_.pair();
      record.inode = words_.word();
      record.generation = words_.word();
    }
    std::tie(record.prot, record.flags) = words_.pair();
    const auto path = text(words_.rest());
    if (!path)
      return false;
    record.path = *path;
    return !words_.is_short();  // the rest is the text
  }

  bool comm() {
    auto& record = add<PerfComm>();
    if (!take_trailer(record))
      return false;
    take_own_task(record);
    const auto name = text(words_.rest());
    if (!name)
      return false;
    record.comm = *name;
    record.exec = (misc_ & kCommExec) != 0;
    return !words_.is_short();  // the rest is the text
  }

  bool task(bool exited) {
    auto& record = add<PerfTask>();
    if (!take_trailer(record))
      return false;
    const auto [pid, parent_pid] = words_.pair();
    const auto [tid, parent_tid] = words_.pair();
    (void)words_.word();  // the time, which the trailer has as well if it was asked for
    record.pid = static_cast<int>(pid);
    record.tid = static_cast<int>(tid);
    record.parent_pid = static_cast<int>(parent_pid);
    record.parent_tid = static_cast<int>(parent_tid);
    record.exited = exited;
    return words_.fits();
  }

  bool context_switch(bool cpu_wide) {
    auto& record = add<PerfSwitch>();
    if (!take_trailer(record))
      return false;
    if (cpu_wide) {
      const auto [pid, tid] = words_.pair();
      record.other_pid = static_cast<int>(pid);
      record.other_tid = static_cast<int>(tid);
    }
    record.out = (misc_ & kSwitchOut) != 0;
    record.preempted = (misc_ & kSwitchPreempt) != 0;
    return words_.fits();
  }

  bool throttle(bool throttled) {
    auto& record = add<PerfThrottle>();
    if (!take_trailer(record))
      return false;
    (void)words_.take(3);  // time and two numbers of the event, which the trailer has as well if they were asked for
    record.throttled = throttled;
    return words_.fits();
  }

  bool lost(std::uint64_t& sum) {
    PerfOrigin origin;
    if (!take_trailer(origin))
      return false;
    (void)words_.word();  // the event's id
    return add_number(sum);
  }

  bool lost_samples(std::uint64_t& sum) {
    PerfOrigin origin;
    return take_trailer(origin) && add_number(sum);
  }

 private:
  // A new record, made where it stays. Of an origin, since one made of nothing is filled with zeros before its fields
  // are set, which takes longer than all the rest.
  template <class Record>
  Record& add() {
    return std::get<Record>(told_.emplace_back(std::in_place_type<Record>, PerfOrigin{}));
  }

  [[nodiscard]] bool has(std::uint64_t bit) const { return (layout_.sample_type & bit) != 0; }
  [[nodiscard]] bool reads(std::uint64_t bit) const { return (layout_.read_format & bit) != 0; }

  void take_task(PerfOrigin& origin) {
    if (!has(PERF_SAMPLE_TID))
      return;
    const auto [pid, tid] = words_.pair();
    origin.pid = static_cast<int>(pid);
    origin.tid = static_cast<int>(tid);
  }
  void take_cpu(PerfOrigin& origin) {
    if (has(PERF_SAMPLE_CPU))
      origin.cpu = words_.pair().first;
  }

  // Whom the record is about; the trailer names who made it.
  void take_own_task(PerfOrigin& origin) {
    const auto [pid, tid] = words_.pair();
    origin.pid = static_cast<int>(pid);
    origin.tid = static_cast<int>(tid);
  }

  // What ends all records but samples: struct sample_id. Takes it off the end.
  bool take_trailer(PerfOrigin& origin) {
    std::size_t size = 0;
    for (const std::uint64_t bit : {PERF_SAMPLE_TID, PERF_SAMPLE_TIME, PERF_SAMPLE_ID, PERF_SAMPLE_STREAM_ID,
                                    PERF_SAMPLE_CPU, PERF_SAMPLE_IDENTIFIER})
      size += has(bit) ? 1U : 0U;
    const auto all = words_.rest();
    if (all.size() < size)
      return false;
    words_ = Words(all.last(size));
    take_task(origin);
    if (has(PERF_SAMPLE_TIME))
      origin.time = Timestamp{words_.word()};
    if (has(PERF_SAMPLE_ID))
      origin.id = words_.word();
    if (has(PERF_SAMPLE_STREAM_ID))
      (void)words_.word();
    take_cpu(origin);
    if (has(PERF_SAMPLE_IDENTIFIER))
      origin.id = words_.word();
    words_ = Words(all.first(all.size() - size));
    return true;
  }

  // struct read_format, of a group or of one event.
  PerfSampleCounts counts() {
    const bool group = reads(PERF_FORMAT_GROUP);
    const std::size_t stride = std::size_t{1} + (reads(PERF_FORMAT_ID) ? 1U : 0U) + (reads(PERF_FORMAT_LOST) ? 1U : 0U);
    std::uint64_t number = 1;
    std::span<const std::uint64_t> values;
    if (group)
      number = words_.word();
    else
      values = words_.take(1);
    const Duration enabled = duration(reads(PERF_FORMAT_TOTAL_TIME_ENABLED) ? words_.word() : 0);
    const Duration running = duration(reads(PERF_FORMAT_TOTAL_TIME_RUNNING) ? words_.word() : 0);
    if (!group) {
      (void)words_.take(stride - 1);
      return {enabled, running, values, 1};
    }
    // No overflow: of more words than there are, none are taken.
    values = words_.take(number > words_.rest().size() ? words_.rest().size() + 1 : number * stride);
    return {enabled, running, values, stride};
  }

  // A length of 32 bits, and so many bytes, up to the end of a word.
  bool take_raw(PerfSample& sample) {
    const auto rest = std::as_bytes(words_.rest());
    std::uint32_t size = 0;
    if (rest.size() < sizeof size)
      return false;
    std::memcpy(&size, rest.data(), sizeof size);
    if (size > rest.size() - sizeof size)
      return false;
    sample.raw = rest.subspan(sizeof size, size);
    (void)words_.take((sizeof size + size + kWord - 1) / kWord);
    return true;
  }

  // __u8 size, three bytes of nothing, __u8 build_id[20]: the words of device and inode.
  bool take_build_id(PerfMmap& record) {
    constexpr std::size_t kAt = 4;
    const auto bytes = std::as_bytes(words_.take((kAt + kBuildIdSize) / kWord));
    if (bytes.empty())
      return false;
    const auto size = std::to_integer<std::size_t>(bytes.front());
    if (size > kBuildIdSize)
      return false;
    record.build_id = bytes.subspan(kAt, size);
    return true;
  }

  // The last word is a number of records.
  bool add_number(std::uint64_t& sum) {
    const std::uint64_t lost = words_.word();
    if (!words_.fits())
      return false;
    sum += lost;
    return true;
  }

  const RecordLayout& layout_;
  unsigned misc_;
  Words words_;
  std::vector<PerfEventRecord>& told_;
};

}  // namespace

Decoded decode_record(const RecordLayout& layout, std::span<const std::uint64_t> record,
                      std::vector<PerfEventRecord>& told, LostRecords& lost) {
  perf_event_header header{};
  if (record.empty())
    return Decoded::nothing;
  std::memcpy(&header, record.data(), sizeof header);
  if (header.size != record.size_bytes())
    return Decoded::nothing;
  Decoder decoder(layout, header.misc, record.subspan(1), told);
  const auto if_record = [&told](bool sensible) {
    if (!sensible)
      told.pop_back();
    return sensible ? Decoded::record : Decoded::nothing;
  };
  const auto if_loss = [](bool sensible) { return sensible ? Decoded::loss : Decoded::nothing; };
  switch (header.type) {
    case PERF_RECORD_SAMPLE:
      return if_record(decoder.sample());
    case PERF_RECORD_MMAP2:
      return if_record(decoder.mmap2());
    case PERF_RECORD_COMM:
      return if_record(decoder.comm());
    case PERF_RECORD_FORK:
      return if_record(decoder.task(false));
    case PERF_RECORD_EXIT:
      return if_record(decoder.task(true));
    case PERF_RECORD_SWITCH:
      return if_record(decoder.context_switch(false));
    case PERF_RECORD_SWITCH_CPU_WIDE:
      return if_record(decoder.context_switch(true));
    case PERF_RECORD_THROTTLE:
      return if_record(decoder.throttle(true));
    case PERF_RECORD_UNTHROTTLE:
      return if_record(decoder.throttle(false));
    case PERF_RECORD_LOST:
      return if_loss(decoder.lost(lost.ring_full));
    case PERF_RECORD_LOST_SAMPLES:
      return if_loss(decoder.lost_samples(lost.hardware));
    default:
      return Decoded::nothing;
  }
}

}  // namespace fathom::perf
