#pragma once

#include "kallsyms_line.hpp"
#include "kallsyms_table.hpp"

#include <fathom/base/parse_stats.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fathom::detail {

/// Text of /proc/kallsyms in pieces, cut anywhere, to a table.
class KallsymsParser {
 public:
  /// The longest line that is read, without its newline. The kernel's longest is an address, a type, a name of 511
  /// bytes and a module's of 55.
  static constexpr std::size_t kMaxLine = 1024;

  explicit KallsymsParser(bool leave_out_labels);

  void feed(std::string_view text);
  /// How long the line is that the next piece goes on with, so far.
  [[nodiscard]] std::uint64_t open_line() const noexcept { return pending_size_; }
  /// What became of the text so far.
  [[nodiscard]] const ParseStats& stats() const noexcept { return table_->stats; }
  /// Ends the input. Once.
  [[nodiscard]] std::shared_ptr<const KallsymsTable> finish();

 private:
  // Owners of one name in brackets.
  struct OwnersOfName {
    std::uint32_t first = 0;
    std::optional<std::uint32_t> again;  // of its symbols that come after those of others
  };

  void complete_pending(std::string_view& text);
  void read_line(std::string_view line, std::uint64_t bytes);
  [[nodiscard]] bool add(const KallsymsLine& line);
  void skip(SkipReason reason, std::string_view line, std::uint64_t bytes, const KallsymsLine& parsed);
  [[nodiscard]] bool is_full() const noexcept;
  void forget_narrow_lines();
  void note_mark(const KallsymsLine& line);
  [[nodiscard]] std::optional<std::uint32_t> owner_of(const KallsymsLine& line);
  [[nodiscard]] std::optional<std::uint32_t> new_owner(std::string_view name, SymbolOrigin origin);
  void decide_init_functions();
  void sort_by_address();
  void drop_left_out();
  void list_modules();

  bool leave_out_labels_;
  std::shared_ptr<KallsymsTable> table_;
  std::string pending_;             // the start of a line that the next piece goes on with, kMaxLine + 1 bytes at most
  std::uint64_t pending_size_ = 0;  // all of that line so far
  unsigned digits_ = 0;             // of all addresses; 0 before the first
  std::optional<ParseStats::BadRecord> first_line_;  // the first that was a symbol, as if it were bad
  bool visible_ = false;                             // an address was not zero
  std::size_t bounds_ = 0;                           // lines that were skipped and still end what stands before them

  std::map<std::string, OwnersOfName, std::less<>> owners_;
  std::string run_name_;  // what stands in the brackets of the lines that follow each other now
  std::uint32_t run_owner_ = 0;
  bool run_again_ = false;  // there was such a run before
  bool again_not_text_ = false;

  // The kernel's marks of its own image: 0 where the file has none.
  struct Marks {
    std::uint64_t stext = 0, etext = 0, end = 0, sinittext = 0, einittext = 0, init_begin = 0, init_end = 0;
  } marks_;
};

}  // namespace fathom::detail
