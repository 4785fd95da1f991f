#include "kernel_version.hpp"
#include "task_state_bits.hpp"

#include <fathom/base/error.hpp>
#include <fathom/base/text_buffer.hpp>
#include <fathom/rawtrace/print_format.hpp>
#include <fathom/sched/task_state_decoder.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <vector>

namespace fathom {

namespace {

constexpr std::uint64_t kReportMax = 0x100;        // TASK_REPORT_MAX since 4.14
constexpr std::uint64_t kIndexPreempted = 0x1000;  // what 4.14 has in its place: TASK_STATE_MAX

// What an event prints behind `prev_state=` for a value of that field.
class StateText {
 public:
  explicit StateText(const EventFormat& format) : print_(format), field_(format.find("prev_state")) {
    if (field_ == nullptr || (field_->size != 4 && field_->size != 8))
      return;
    std::size_t size = 0;
    for (const EventField& field : format.all_fields())
      size = std::max(size, std::size_t{field.offset} + field.size);
    constexpr std::size_t kLongest = 4096;
    if (size <= kLongest)
      record_.resize(size);
    swap_ = format.byte_order() != std::endian::native;
  }

  [[nodiscard]] std::optional<std::string> of(std::uint64_t value) {
    constexpr std::string_view kBefore = "prev_state=";
    if (record_.empty())
      return std::nullopt;
    for (std::uint32_t i = 0; i < field_->size; ++i) {
      const bool little = (std::endian::native == std::endian::little) != swap_;
      const std::uint32_t byte = little ? i : field_->size - 1 - i;
      record_[field_->offset + byte] = static_cast<std::byte>(value >> (8 * i));
    }
    TextBuffer text;
    print_.render(record_, {}, text);
    const std::size_t at = text.view().find(kBefore);
    if (at == std::string_view::npos)
      return std::nullopt;
    const std::string_view rest = text.view().substr(at + kBefore.size());
    return std::string(rest.substr(0, rest.find(' ')));
  }

 private:
  PrintFormat print_;
  const EventField* field_;
  std::vector<std::byte> record_;
  bool swap_ = false;
};

}  // namespace

std::string_view to_string(PrevStateEncoding encoding) noexcept {
  constexpr std::array<std::string_view, kPrevStateEncodings.size()> kNames = {"raw_bits", "index", "shifted", "bit"};
  return kNames[static_cast<std::size_t>(encoding)];
}

TaskStateDecoder::TaskStateDecoder(const TaskStateSources& sources) {
  if (const auto version = sched::parse_version(sources.release))
    version_ = version->number;
  else if (sources.sched_switch == nullptr && sources.btf == nullptr && !sources.encoding)
    throw Error(std::errc::invalid_argument, "tell what the task states are", sources.release,
                "give the format of sched_switch, BTF, or the kernel's release, such as 6.1.0-56-amd64");
  take_release(sources.release);
  if (sources.btf != nullptr)
    take_btf(*sources.btf);
  use_known_letters();
  if (sources.sched_switch != nullptr)
    take_format(*sources.sched_switch);
  if (!encoding_)
    encoding_ = sources.encoding;
  old_bits_ = encoding_ == PrevStateEncoding::raw_bits;
}

void TaskStateDecoder::take_release(std::string_view release) {
  const auto version = sched::parse_version(release);
  if (!version)
    return;
  if (version_ < sched::version(4, 14))
    encoding_ = PrevStateEncoding::raw_bits;
  else if (version_ >= sched::version(4, 20))
    encoding_ = PrevStateEncoding::bit;
  // Of the lines that ended before the fix was made, only distributions' kernels may have it.
  else if (version_ > sched::version(4, 14) && version_ < sched::version(4, 19) && version->vanilla)
    encoding_ = PrevStateEncoding::shifted;
}

void TaskStateDecoder::take_btf(const Btf& btf) {
  if (const auto task = btf.find(BtfKind::struct_, "task_struct")) {
    if (task->find_member("__state"))
      member_ = "__state";
    else if (task->find_member("state"))
      member_ = "state";
  }
  // Where the new name is, the fix is much older: 2021 against 2018.
  if (member_ == "__state")
    encoding_ = PrevStateEncoding::bit;
  if (const auto tracepoint = btf.find(BtfKind::typedef_, "btf_trace_sched_switch")) {
    const BtfType function = tracepoint->resolved().target();
    if (const std::size_t parameters = function.parameters().size(); parameters > 0)
      arguments_ = static_cast<unsigned>(parameters - 1);  // the first is the tracepoint's own
  }
}

void TaskStateDecoder::use_known_letters() {
  const bool old = encoding_ == PrevStateEncoding::raw_bits;
  const std::string_view letters = old ? sched::kOldLetters : sched::kLetters;
  for (std::size_t bit = 0; bit < letters.size(); ++bit)
    letters_[bit] = letters[bit];
  // TASK_STATE_MAX moved when 4.8 brought TASK_NEW.
  preempted_ = !old ? kReportMax : version_ != 0 && version_ < sched::version(4, 8) ? 0x800U : 0x1000U;
}

void TaskStateDecoder::take_format(const EventFormat& format) {
  if (format.name() != "sched_switch")
    throw Error(std::errc::invalid_argument, "tell the task states from the format of", format.name(),
                "sched_switch is the event that has them");
  StateText text(format);
  const auto none = text.of(0);
  if (!none)
    return;
  std::array<std::string, kReportedBits> letters;
  std::uint64_t preempted = 0;
  for (std::size_t bit = 0; bit < kReportedBits; ++bit) {
    std::string printed = text.of(std::uint64_t{1} << bit).value_or(*none);
    if (printed.ends_with('+')) {
      preempted |= std::uint64_t{1} << bit;
      printed.pop_back();
    }
    if (printed != *none)
      letters[bit] = std::move(printed);
  }
  if (std::ranges::all_of(letters, &std::string::empty))
    return;  // no list of letters that we can read: what is known from elsewhere stays
  letters_ = std::move(letters);
  preempted_ = preempted;

  // 0x80 is TASK_WAKEKILL in the old numbers, and the idle kernel thread in the new ones.
  constexpr std::size_t kIdleBit = 7;
  if (letters_[kIdleBit] != "I")
    encoding_ = PrevStateEncoding::raw_bits;
  else if (preempted_ == kIndexPreempted)
    encoding_ = PrevStateEncoding::index;
  // Since 4.20 the list has the names TASK_INTERRUPTIBLE and so on, of which the preprocessor makes 0x0001 or longer.
  else if (format.print_fmt().find("{ 0x01,") == std::string::npos)
    encoding_ = PrevStateEncoding::bit;
}

std::span<const TaskStateBit> TaskStateDecoder::bits() const noexcept {
  return old_bits_ ? sched::old_bits(version_) : sched::bits(version_);
}

std::string TaskStateDecoder::names(RawTaskState raw) const {
  if (raw.bits == 0)
    return "TASK_RUNNING";
  std::string out;
  std::uint32_t left = raw.bits;
  const auto take = [&](const TaskStateBit& named) {
    if ((left & named.bit) != named.bit)
      return;
    left &= ~named.bit;
    if (!out.empty())
      out += '|';
    out += named.name;
  };
  std::ranges::for_each(old_bits_ ? sched::old_names() : sched::names(), take);
  // Also those of later versions, which distributions take over: they were nothing else before.
  std::ranges::for_each(old_bits_ ? sched::old_bits() : sched::bits(), take);
  if (left != 0) {
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), left, 16);
    out += out.empty() ? "0x" : "|0x";
    out.append(digits.data(), end.ptr);
  }
  return out;
}

TaskState TaskStateDecoder::state(RawTaskState raw) const noexcept {
  return old_bits_ ? sched::old_state(raw.bits) : sched::state(raw.bits);
}

std::optional<ReportedTaskState> TaskStateDecoder::reported(RawTaskState raw) const noexcept {
  if (!encoding_)
    return std::nullopt;
  if (*encoding_ == PrevStateEncoding::raw_bits)
    return ReportedTaskState{raw.bits};
  const auto settled_since = [&](unsigned major, unsigned minor) { return version_ >= sched::version(major, minor); };
  const std::uint32_t own = raw.bits & sched::kReport;
  if ((raw.bits & sched::kIdle) == sched::kIdle && raw.bits != sched::kIdle && !settled_since(6, 6))
    return std::nullopt;
  if ((raw.bits & sched::kFrozen) != 0 && own == 0 && !settled_since(6, 13))
    return std::nullopt;
  if ((raw.bits & sched::kRtlockWait) != 0 && !settled_since(5, 18))
    return std::nullopt;
  if ((raw.bits & sched::kDead) != 0 && (raw.bits & sched::kExit) == 0)
    return std::nullopt;
  const auto number = static_cast<unsigned>(state(raw));
  switch (*encoding_) {
    case PrevStateEncoding::index:
      return ReportedTaskState{number};
    case PrevStateEncoding::shifted:
      return ReportedTaskState{std::uint64_t{1} << number};
    default:
      return ReportedTaskState{number == 0 ? 0 : std::uint64_t{1} << (number - 1)};
  }
}

std::string TaskStateDecoder::letters(ReportedTaskState reported) const {
  std::string out;
  for (std::size_t bit = 0; bit < kReportedBits; ++bit) {
    if ((reported.value >> bit & 1U) == 0 || letters_[bit].empty())
      continue;
    if (!out.empty())
      out += '|';
    out += letters_[bit];
  }
  if (out.empty())
    out = "R";
  if ((reported.value & preempted_) != 0)
    out += '+';
  return out;
}

std::optional<PrevState> TaskStateDecoder::decode(ReportedTaskState reported) const noexcept {
  const std::uint64_t value = reported.value;
  if (!encoding_)
    return value == 0 ? std::optional(PrevState{}) : std::nullopt;
  if (*encoding_ == PrevStateEncoding::raw_bits) {
    // All bits up to the mark are the kernel's; what is above it no kernel records.
    if (value >= 2 * preempted_)
      return std::nullopt;
    return PrevState{sched::old_state(static_cast<std::uint32_t>(value)), (value & preempted_) != 0};
  }
  if (value == preempted_) {
    if (*encoding_ == PrevStateEncoding::shifted)
      return std::nullopt;  // or TASK_IDLE: the same number
    return PrevState{TaskState::running, true};
  }
  std::size_t number = value;
  if (*encoding_ != PrevStateEncoding::index) {
    if (value != 0 && !std::has_single_bit(value))
      return std::nullopt;
    number = value == 0 ? 0 : 1U + static_cast<unsigned>(std::countr_zero(value));
    if (*encoding_ == PrevStateEncoding::shifted)
      --number;  // 0, which it does not record, becomes too large
  }
  if (number >= kTaskStates.size())
    return std::nullopt;
  return PrevState{kTaskStates[number], false};
}

}  // namespace fathom
