#pragma once

#include <fathom/event/events.hpp>
#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/raw_record.hpp>
#include <fathom/sched/detail/hotplug_steps.hpp>
#include <fathom/sched/idle_accounting.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace fathom {

/// Feeds an IdleAccounting from a ring buffer's records: of a trace.dat, of saved or of live pages. A RecordSink.
///
///     IdleAccounting idle;
///     IdleFromRecords records(file.formats(), idle);           // TraceDatReader
///     for (const TraceDatCpu& cpu : buffer.cpus)
///       decoder.feed(cpu.cpu, file.pages(buffer, cpu).bytes(), records);
///     records.finish();
///
/// Needs `sched:sched_switch`, of all tasks. Shows more if there are `irq:irq_handler_entry`, `irq:softirq_entry` and
/// the `irq_vectors` of x86, each with its counterpart, and `power:cpu_idle`; and where CPUs may go down and come back,
/// all of `cpuhp`, on all CPUs: without these such a CPU seems to run `migration/N` (see IdleAccounting). Any other
/// record tells who ran. The clock of the trace has to count time, and one time on all CPUs: `local` may differ between
/// them, `counter` does not count time. Each CPU's records in their order; one CPU after another will do.
class IdleFromRecords {
 public:
  /// Takes what it needs of the formats; `to` must outlive it. Throws Error (std::errc::invalid_argument) if there is
  /// no sched_switch among them, or one without the pids.
  IdleFromRecords(const FormatRegistry& formats, IdleAccounting& to);

  /// A record.
  void on(const RawRecord& record);
  /// A gap before the next record.
  void on(const Loss& loss);
  /// All records were given: from the first one on everything was recorded, up to the last, on all CPUs.
  void finish() noexcept { to_->recorded_throughout(); }

  /// Records that end before the fields that their formats give them: not used.
  [[nodiscard]] std::uint64_t short_records() const noexcept { return short_; }

 private:
  enum class Meaning : std::uint8_t { other, hard_entry, hard_exit, soft_entry, soft_exit, hotplug };

  // How one of the events of hotplug says what HotplugSteps takes.
  struct Hotplug {
    std::uint16_t id = 0;
    bool enters = false;
    FieldReader<std::uint32_t> cpu;
    FieldReader<std::int32_t> step;
    FieldReader<std::int32_t> towards;                // cpuhp_enter's target, cpuhp_exit's state
    std::optional<FieldReader<std::int32_t>> result;  // cpuhp_exit's
  };

  void find_hotplug(const FormatRegistry& formats);
  [[nodiscard]] bool on_hotplug(const RawRecord& record);
  [[nodiscard]] bool on_switch(const RawRecord& record);
  [[nodiscard]] bool on_cpu_idle(const RawRecord& record);

  IdleAccounting* to_;
  std::vector<Meaning> meanings_;  // by id
  std::vector<Hotplug> hotplug_;
  detail::HotplugSteps steps_;
  std::uint16_t switch_id_ = 0;
  FieldReader<std::int32_t> prev_pid_;
  FieldReader<std::int32_t> next_pid_;
  std::optional<FieldReader<std::int64_t>> prev_state_;
  std::optional<FieldReader<std::string_view>> prev_comm_;
  std::optional<FieldReader<std::string_view>> next_comm_;
  std::optional<FieldReader<std::int32_t>> pid_;
  std::optional<std::uint16_t> idle_id_;
  std::optional<FieldReader<std::uint32_t>> idle_state_;
  std::optional<FieldReader<std::uint32_t>> idle_cpu_;
  std::uint64_t short_ = 0;
};

}  // namespace fathom
