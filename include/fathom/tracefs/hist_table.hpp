#pragma once

#include <fathom/base/parse_stats.hpp>
#include <fathom/tracefs/hist_trigger.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// One key of an entry of a histogram. Which members are set depends on the field's modifier and type.
struct HistKey {
  HistField field;  ///< of which this is the value
  /// The number that was printed: the value itself, the address of sym, the pid of execname, the number of syscall, the
  /// exponent of log2, the first value of a bucket. Empty for a string and a stack.
  std::optional<std::uint64_t> number;
  /// The last value of a bucket.
  std::optional<std::uint64_t> last;
  /// The string, or the name: of the symbol (`vfs_read+0x12/0x40 [ext4]`), of the program, of the system call.
  std::string text;
  /// A call stack, innermost first, as the kernel prints it: `schedule+0x28/0xa0`.
  std::vector<std::string> stack;

  friend bool operator==(const HistKey&, const HistKey&) = default;
};

/// One value of an entry.
struct HistValue {
  HistField field;  ///< of which this is the sum
  /// The sum, or with percent the share in hundredths of a percent (1234 is 12.34 %). Empty for a graph, and where the
  /// kernel printed [ERROR]. A field of a signed type may sum up to less than zero: then read it with as_signed.
  std::optional<std::uint64_t> number;
  /// The bar of a graph, without the spaces behind it.
  std::string text;

  /// The number as a signed one, if it is a number.
  [[nodiscard]] std::optional<std::int64_t> as_signed() const {
    return number ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
  }

  friend bool operator==(const HistValue&, const HistValue&) = default;
};

/// What an onmax or onchange action kept with an entry.
struct HistTracked {
  std::string name;            ///< `max` or `changed`
  std::uint64_t number = 0;    ///< the value that was tracked
  std::vector<HistKey> saved;  ///< the fields of its save()

  friend bool operator==(const HistTracked&, const HistTracked&) = default;
};

/// One line of a histogram.
struct HistEntry {
  std::vector<HistKey> keys;         ///< one for each key of the table
  std::vector<HistValue> values;     ///< `hitcount` first
  std::vector<HistTracked> tracked;  ///< what onmax() and onchange() saved

  /// How many events fell on these keys.
  [[nodiscard]] std::uint64_t hitcount() const;
  /// The value of that name; empty if there is none (or it is no number).
  [[nodiscard]] std::optional<std::uint64_t> value(std::string_view name) const;

  friend bool operator==(const HistEntry&, const HistEntry&) = default;
};

/// A histogram as the kernel prints it.
struct HistTable {
  /// What the kernel counts for the table as a whole.
  struct Totals {
    std::uint64_t hits = 0;     ///< events that were counted
    std::uint64_t entries = 0;  ///< distinct keys
    std::uint64_t dropped = 0;  ///< events that found the table full

    friend bool operator==(const Totals&, const Totals&) = default;
  };

  std::string trigger;             ///< the description as the kernel gives it back, without the state
  std::vector<HistField> keys;     ///< in the order of the trigger
  std::vector<HistField> values;   ///< `hitcount` first
  std::string filter;              ///< what stands behind `if`; empty for none
  bool paused = false;             ///< it stands, but does not count
  std::vector<HistEntry> entries;  ///< in the order that `sort` asked for
  std::optional<Totals> totals;    ///< empty where the text ended before

  friend bool operator==(const HistTable&, const HistTable&) = default;
};

/// All histograms of one event, and how much of the text was understood.
struct HistFile {
  std::vector<HistTable> tables;  ///< one for each hist trigger of the event
  ParseStats stats;               ///< a record is a line
};

/// The text of an event's `hist` file, or of several in a row.
///
///     for (const HistTable& table : parse_hist(text).tables)
///       for (const HistEntry& entry : table.entries)
///         std::cout << entry.keys[0].text << ' ' << entry.hitcount() << '\n';
///
/// Never throws on what the text holds: each line is understood, or skipped and counted by reason. A record is a line;
/// an entry with a call stack is many, and they count alike. An entry that stands before any header, or that ends in
/// the middle, is skipped. Reads no file and needs no rights.
[[nodiscard]] HistFile parse_hist(std::string_view text);

}  // namespace fathom
