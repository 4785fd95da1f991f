#pragma once

#include <fathom/base/text_buffer.hpp>
#include <fathom/rawtrace/address_names.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/printk_formats.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

namespace rawtrace {
struct PrintProgram;
}

/// Why a part of an event's text is not what the kernel printed.
enum class PrintGap : std::uint8_t {
  hashed_pointer,    ///< the kernel printed a hash of this pointer (`%p`); here is the pointer itself
  unknown_name,      ///< a variable of the kernel, or an enumerator: `jiffies`, `vmemmap_base`
  unknown_function,  ///< a function of the kernel: `xen_hypercall_name()`
  unknown_type,      ///< a cast or sizeof of a type that we do not know, or a member of a struct
  unknown_string,    ///< text that stands in the kernel, at an address that `printk_formats` does not have
  bad_conversion,    ///< a printf conversion that we do not know, or one whose argument is of another kind
  missing_argument,  ///< fewer arguments than conversions
  bad_syntax,        ///< not C as the kernel's formats have it
  missing_format,    ///< the event has no `print fmt`, or one that does not begin with a text: its fields are printed
  short_record,      ///< the record ends before a field, or a locator points outside of it
  unknown_event,     ///< no format is known for this number
};
/// All of them, in the order of the enumerators.
inline constexpr std::array kPrintGaps = {
    PrintGap::hashed_pointer, PrintGap::unknown_name,   PrintGap::unknown_function, PrintGap::unknown_type,
    PrintGap::unknown_string, PrintGap::bad_conversion, PrintGap::missing_argument, PrintGap::bad_syntax,
    PrintGap::missing_format, PrintGap::short_record,   PrintGap::unknown_event};

/// The gap's identifier: `hashed_pointer`.
[[nodiscard]] std::string_view to_string(PrintGap gap) noexcept;

/// A set of gaps.
class PrintGaps {
 public:
  /// Puts one in.
  void add(PrintGap gap) noexcept { bits_ |= 1U << static_cast<unsigned>(gap); }
  /// Puts all of another set in.
  PrintGaps& operator|=(PrintGaps other) noexcept {
    bits_ |= other.bits_;
    return *this;
  }
  /// Whether it is in.
  [[nodiscard]] bool has(PrintGap gap) const noexcept { return (bits_ >> static_cast<unsigned>(gap) & 1U) != 0; }
  /// Whether there is any.
  [[nodiscard]] bool any() const noexcept { return bits_ != 0; }

  friend bool operator==(const PrintGaps&, const PrintGaps&) = default;

 private:
  std::uint32_t bits_ = 0;
};

/// What rendering needs beside the record. The referred must outlive the call.
struct PrintSources {
  AddressNames symbols;                    ///< for `%ps` and its like
  const PrintkFormats* strings = nullptr;  ///< for `%s` of a `const char *`
  bool bitmask_list = false;               ///< the option `bitmask-list` (Linux 7.0): `0-3,5` in place of hex
  bool hash_ptr = true;                    ///< the option `hash-ptr`: whether `%p` counts as a gap
};

/// An event's `print fmt`, made into a small program once: it renders records as the kernel does.
///
///     const PrintFormat print(*formats.find("sched", "sched_wakeup"), formats.layout());
///     TextBuffer out;
///     const PrintGaps gaps = print.render(record.bytes(), {.symbols = AddressNames(symbols)}, out);
///     std::cout << out.view() << '\n';                 // "comm=init pid=1 prio=120 target_cpu=000"
///     if (gaps.has(PrintGap::hashed_pointer)) ...      // not what the kernel printed
///
/// The line (Linux 6.1):
///
///     print fmt: "vec=%u [action=%s]", REC->vec, __print_symbolic(REC->vec, { 0, "HI" }, { 1, "TIMER" })
///
/// It takes all of C that occurs in the formats of Linux 4.4 to 7.3: expressions with their types, casts, conditionals,
/// statement expressions, `REC->field`, elements of arrays; the helpers `__get_*` and `__print_*`; the conversions of
/// the kernel's printf with `%pS %pI4 %pISpc %pU %pM %*ph %*pbl` and their like. What stands in the kernel alone cannot
/// be known: such an argument is printed as `<?>`, and the call says why. Without a usable format the event's fields
/// are printed as `name=value`.
///
/// Neither format nor records are trusted. Text per record is bounded: strings and widths by the record's length and
/// 4 KiB. A value that needs its EventFormat no more; rendering is safe from several threads, and allocates nothing but
/// what the buffer grows by.
class PrintFormat {
 public:
  /// Of this event. Never throws for what the format says: see gaps().
  explicit PrintFormat(const EventFormat& format, const PageLayout& layout = {});
  ~PrintFormat();
  PrintFormat(PrintFormat&&) noexcept;
  PrintFormat& operator=(PrintFormat&&) noexcept;
  PrintFormat(const PrintFormat&) = delete;
  PrintFormat& operator=(const PrintFormat&) = delete;

  /// Adds the text of a record, without the event's name and without a newline of its own. `record` begins with
  /// `common_type`.
  PrintGaps render(std::span<const std::byte> record, const PrintSources& sources, TextBuffer& out) const;

  /// What the format holds that cannot be known. A record may be rendered without: a conditional may go the other way.
  [[nodiscard]] PrintGaps gaps() const noexcept;
  /// Of how many conversions the text is made.
  [[nodiscard]] std::size_t conversions() const noexcept;

 private:
  std::unique_ptr<const rawtrace::PrintProgram> program_;
};

/// Adds the text of a trace_printk() whose record has its arguments packed: ftrace's event `bprint`, whose field `fmt`
/// is the address of the format and whose field `buf` are the arguments.
///
///     if (const auto format = strings.find(fmt))                     // PrintkFormats
///       render_bprint(*format, buf, formats.layout(), sources, out);
///
/// Bytes are not trusted: a conversion without an argument is printed as `<?>`. Allocates as it goes.
PrintGaps render_bprint(std::string_view format, std::span<const std::byte> arguments, const PageLayout& layout,
                        const PrintSources& sources, TextBuffer& out);

}  // namespace fathom
