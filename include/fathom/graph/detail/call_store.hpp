#pragma once

#include <fathom/base/time.hpp>
#include <fathom/event/function_table.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where CallForest keeps its calls; Call and CallTree are views of it. Not for use by itself.
namespace fathom::detail {

using CallIndex = std::uint32_t;
inline constexpr CallIndex kNoCall = 0xffff'ffff;

inline constexpr std::uint32_t kUnknownCpu = 0xffff'ffff;

/// One call. 32 bytes, since a trace holds millions.
struct CallNode {
  static constexpr std::uint8_t kHasDuration = 0x80;
  static constexpr std::uint8_t kIsRoot = 0x40;
  static constexpr std::uint8_t kPrecisionDigits = 0x0f;

  FunctionId function;
  CallIndex parent;  // of a root: the index of its tree
  CallIndex first_child;
  CallIndex next_sibling;
  Duration duration;
  std::uint32_t cpu;
  std::uint16_t depth;  // saturated
  std::uint8_t marks;   // CallMark bits
  std::uint8_t bits;    // kHasDuration, kIsRoot, and the decimal digits that the print cut

  [[nodiscard]] bool is_root() const noexcept { return (bits & kIsRoot) != 0; }
  [[nodiscard]] bool has_duration() const noexcept { return (bits & kHasDuration) != 0; }
  [[nodiscard]] Duration precision() const noexcept {
    Duration::rep unit = 1;
    for (int digits = bits & kPrecisionDigits; digits > 0; --digits)
      unit *= 10;
    return Duration{unit};
  }
};
static_assert(sizeof(CallNode) == 32);

/// A value per call, in blocks: growing moves nothing, and wastes at most one block. A block exists once one of its
/// values was set.
template <class T>
class CallColumn {
 public:
  static constexpr unsigned kBlockBits = 10;
  static constexpr CallIndex kBlockSize = CallIndex{1} << kBlockBits;

  /// The value at `i`, whose block must exist.
  [[nodiscard]] T& operator[](CallIndex i) noexcept { return blocks_[i >> kBlockBits][i & (kBlockSize - 1)]; }
  [[nodiscard]] const T& operator[](CallIndex i) const noexcept {
    return blocks_[i >> kBlockBits][i & (kBlockSize - 1)];
  }
  [[nodiscard]] bool has_block_of(CallIndex i) const noexcept {
    const std::size_t block = i >> kBlockBits;
    return block < blocks_.size() && blocks_[block] != nullptr;
  }
  /// Makes the block that `i` is in; its values are not set.
  void make_block_of(CallIndex i) {
    const std::size_t block = i >> kBlockBits;
    if (block >= blocks_.size())
      blocks_.resize(block + 1);
    blocks_[block] = std::make_unique_for_overwrite<T[]>(kBlockSize);
    ++made_;
  }
  /// Makes the block that `i` is in, if it is not there, with `fill` for all its values.
  void make_block_of(CallIndex i, const T& fill) {
    if (has_block_of(i))
      return;
    make_block_of(i);
    T* block = blocks_[i >> kBlockBits].get();
    for (CallIndex k = 0; k < kBlockSize; ++k)
      block[k] = fill;
  }
  [[nodiscard]] std::size_t allocated_bytes() const noexcept {
    return made_ * kBlockSize * sizeof(T) + blocks_.capacity() * sizeof(blocks_[0]);
  }

 private:
  std::vector<std::unique_ptr<T[]>> blocks_;
  std::size_t made_ = 0;
};

/// What a source printed about a call besides its time; kept only if asked for.
struct CallDetail {
  FunctionId args = FunctionId::unknown;  // in CallStore::texts, as `caller`
  FunctionId caller = FunctionId::unknown;
  std::optional<std::uint64_t> retval;
  std::optional<std::uint64_t> overruns;
};

struct CallTreeRecord {
  std::optional<std::int32_t> pid;
  std::string comm;
  std::uint32_t cpu = kUnknownCpu;  // of an idle task's stack and of an unknown task's
  bool fragment = false;
  CallIndex first_root = kNoCall;
  std::uint64_t calls = 0;
};

/// A comment, placed by the calls around it.
struct CommentRecord {
  std::uint32_t tree;
  CallIndex inside;  // the innermost open call
  CallIndex after;   // the last call before it in there
  std::optional<Timestamp> time;
  FunctionId text;  // in CallStore::texts
};

/// The task that the trace of a CPU went on with, noted at the call that was innermost then.
struct DepartureRecord {
  CallIndex call;
  std::uint32_t next_tree;
};

struct CallStore {
  static constexpr std::uint64_t kNoTime = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::uint32_t kNoDetail = 0xffff'ffff;

  FunctionTable functions;
  CallColumn<CallNode> nodes;
  CallIndex size = 0;
  CallColumn<std::uint64_t> entry_times;  // blocks only where a call has a time
  CallColumn<std::uint32_t> detail_of;    // indexes `details`; blocks only where a call has some
  std::vector<CallDetail> details;
  std::vector<CallTreeRecord> trees;
  std::vector<CommentRecord> comments;
  std::vector<DepartureRecord> departures;  // in the order of the trace
  FunctionTable texts;                      // printed text; a table of names keeps equal ones once

  [[nodiscard]] std::optional<Timestamp> entry_time(CallIndex call) const noexcept {
    if (!entry_times.has_block_of(call) || entry_times[call] == kNoTime)
      return std::nullopt;
    return Timestamp{entry_times[call]};
  }
  [[nodiscard]] const CallDetail* detail(CallIndex call) const noexcept {
    if (!detail_of.has_block_of(call) || detail_of[call] == kNoDetail)
      return nullptr;
    return &details[detail_of[call]];
  }
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;
};

}  // namespace fathom::detail
