#include "kallsyms_parser.hpp"

#include "mapping_symbol.hpp"
#include "symbol_extent.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace fathom::detail {

namespace {

constexpr std::string_view kBpf = "bpf";

// By the names that the kernel makes: kernel/bpf/core.c, trampoline.c, dispatcher.c, bpf_struct_ops.c.
SymbolOrigin bpf_origin(std::string_view name) noexcept {
  if (name.starts_with("bpf_trampoline_"))
    return SymbolOrigin::bpf_trampoline;
  if (name.starts_with("bpf_dispatcher_"))
    return SymbolOrigin::bpf_dispatcher;
  if (name.starts_with("bpf__"))
    return SymbolOrigin::bpf_struct_ops;
  return SymbolOrigin::bpf_program;
}

SymbolOrigin origin_of(std::string_view module, std::string_view name) noexcept {
  if (module == kBpf)
    return bpf_origin(name);
  if (module == "__builtin__ftrace")
    return SymbolOrigin::ftrace_trampoline;
  if (module == "__builtin__kprobes")
    return SymbolOrigin::kprobe_page;
  return SymbolOrigin::module;
}

}  // namespace

KallsymsParser::KallsymsParser(bool leave_out_labels)
    : leave_out_labels_(leave_out_labels), table_(std::make_shared<KallsymsTable>()) {
  table_->owners.push_back({{}, SymbolOrigin::kernel});
}

void KallsymsParser::feed(std::string_view text) {
  table_->stats.bytes += text.size();
  if (pending_size_ != 0)
    complete_pending(text);
  while (!text.empty()) {
    const auto* const newline = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
    if (newline == nullptr) {
      pending_.assign(text.substr(0, kMaxLine + 1));
      pending_size_ = text.size();
      return;
    }
    const auto length = static_cast<std::size_t>(newline - text.data());
    read_line(text.substr(0, length), length + 1);
    text.remove_prefix(length + 1);
  }
}

// Takes the rest of the line that was begun, as far as it is there.
void KallsymsParser::complete_pending(std::string_view& text) {
  const std::size_t length = std::min(text.find('\n'), text.size());
  pending_.append(text.substr(0, std::min(length, kMaxLine + 1 - pending_.size())));
  pending_size_ += length;
  text.remove_prefix(length);
  if (text.empty())
    return;
  text.remove_prefix(1);
  read_line(pending_, pending_size_ + 1);
  pending_size_ = 0;
}

// `bytes` are those of the line and its newline; of one that is too long, `line` is the start.
void KallsymsParser::read_line(std::string_view line, std::uint64_t bytes) {
  ParseStats& stats = table_->stats;
  KallsymsLine parsed;
  const auto reason = parse_kallsyms_line(line, parsed);
  if (line.size() > kMaxLine)
    return skip(SkipReason::line_too_long, line, bytes, parsed);
  if (reason)
    return skip(*reason, line, bytes, parsed);
  if (digits_ != parsed.digits) {
    if (digits_ > parsed.digits)
      return skip(SkipReason::bad_address, line, bytes, parsed);
    if (digits_ != 0)
      forget_narrow_lines();
    digits_ = parsed.digits;
    first_line_ = {stats.records + 1, stats.parsed_bytes + stats.skipped_bytes, SkipReason::bad_address,
                   std::string(line.substr(0, ParseStats::kBadTextBytes))};
  }
  if (!add(parsed))
    return skip(SkipReason::table_full, line, bytes, parsed);
  stats.count_parsed(bytes);
}

// Something begins at the line's address, if it has one, though nobody knows what: the symbol before it ends there.
void KallsymsParser::skip(SkipReason reason, std::string_view line, std::uint64_t bytes, const KallsymsLine& parsed) {
  table_->stats.count_skipped(reason, line, bytes);
  if (parsed.digits == 0 || (digits_ != 0 && digits_ != parsed.digits) || is_full())
    return;
  table_->symbols.push_back({parsed.address, 0, 0, '?', false, 0});
  ++bounds_;
}

bool KallsymsParser::is_full() const noexcept {
  return table_->symbols.size() > AddressIndex::kMaxPlace / 2;
}

// All so far had eight digits, and now one has sixteen: those were the rest of a line that was cut, or no addresses.
void KallsymsParser::forget_narrow_lines() {
  ParseStats& stats = table_->stats;
  if (!stats.first_bad || stats.first_bad->number > first_line_->number)
    stats.first_bad = first_line_;
  stats.skipped_records_by_reason[static_cast<std::size_t>(SkipReason::bad_address)] += stats.parsed_records;
  stats.skipped_bytes += std::exchange(stats.parsed_bytes, 0);
  stats.parsed_records = 0;
  table_->symbols.truncate(0);
  table_->names.truncate(0);
  table_->owners.resize(1);
  owners_.clear();
  run_name_.clear();
  run_owner_ = 0;
  run_again_ = again_not_text_ = visible_ = false;
  bounds_ = 0;
  marks_ = {};
}

// False if the tables are full.
bool KallsymsParser::add(const KallsymsLine& line) {
  RawArray<SymbolEntry>& symbols = table_->symbols;
  RawArray<char>& names = table_->names;
  const bool in_kernel = line.module.empty() && run_name_.empty();
  if (!in_kernel && (line.module != run_name_ || line.module == kBpf)) {
    const auto owner = owner_of(line);
    run_owner_ = owner.value_or(0);
    if (!owner) {
      run_name_.clear();
      return false;
    }
  }
  if (line.letter == 'U')
    return true;
  if (is_full() || names.size() > std::numeric_limits<std::uint32_t>::max() - line.name.size())
    return false;
  if (run_again_ && line.letter != 'T')
    again_not_text_ = true;
  if (line.module.empty())
    note_mark(line);
  visible_ = visible_ || line.address != 0;

  const bool mapping = is_mapping_symbol(line.name);
  const auto name = static_cast<std::uint32_t>(names.size());
  std::size_t length = line.name.size();
  if (leave_out_labels_ && is_label(line.name))
    length = 0;
  if (length != 0)
    std::memcpy(names.extend(length), line.name.data(), length);
  symbols.push_back({line.address, name, length, line.letter, mapping, run_owner_});
  return true;
}

// The marks' first appearance counts, as in the linker's script.
void KallsymsParser::note_mark(const KallsymsLine& line) {
  constexpr std::size_t kLongest = std::string_view("__init_begin").size();
  if (line.name.front() != '_' || line.name.size() > kLongest)
    return;
  struct Mark {
    std::string_view name;
    std::uint64_t Marks::* address;
  };
  static constexpr Mark kMarks[] = {
      {"_stext", &Marks::stext},         {"_etext", &Marks::etext},         {"_end", &Marks::end},
      {"_sinittext", &Marks::sinittext}, {"_einittext", &Marks::einittext}, {"__init_begin", &Marks::init_begin},
      {"__init_end", &Marks::init_end}};
  for (const Mark& mark : kMarks) {
    if (line.name == mark.name && marks_.*mark.address == 0)
      marks_.*mark.address = line.address;
  }
}

// Which owner the symbol of this line has, where its brackets differ from those of the line before.
std::optional<std::uint32_t> KallsymsParser::owner_of(const KallsymsLine& line) {
  run_name_.assign(line.module);
  run_again_ = false;
  if (line.module.empty())
    return 0;
  const SymbolOrigin origin = origin_of(line.module, line.name);
  std::string key(line.module);
  if (origin != SymbolOrigin::module)
    key += static_cast<char>('\1' + static_cast<int>(origin));  // BPF has several kinds, each an owner of its own
  const auto known = owners_.find(key);
  if (known == owners_.end()) {
    const auto owner = new_owner(line.module, origin);
    if (owner)
      owners_.emplace(std::move(key), OwnersOfName{*owner, {}});
    return owner;
  }
  if (origin != SymbolOrigin::module)
    return known->second.first;
  // A module whose symbols came before already: these may be the init functions that ftrace has kept.
  run_again_ = true;
  if (!known->second.again)
    known->second.again = new_owner(line.module, SymbolOrigin::module_init);
  return known->second.again;
}

std::optional<std::uint32_t> KallsymsParser::new_owner(std::string_view name, SymbolOrigin origin) {
  if (table_->owners.size() == SymbolEntry::kMaxOwners)
    return std::nullopt;
  table_->owners.push_back({std::string(name), origin});
  return static_cast<std::uint32_t>(table_->owners.size() - 1);
}

// ftrace lists the init functions it has kept behind all modules, and each as `T`. If any symbol of a module's later
// runs has another letter, then the file is not in the kernel's order, and they are the module's as well.
void KallsymsParser::decide_init_functions() {
  if (!again_not_text_)
    return;
  std::vector<std::uint32_t> become(table_->owners.size());
  for (std::uint32_t i = 0; i < become.size(); ++i)
    become[i] = i;
  for (const auto& [name, owners] : owners_) {
    if (owners.again)
      become[*owners.again] = owners.first;
  }
  for (SymbolEntry& symbol : table_->symbols)
    symbol.set_owner(become[symbol.owner()]);
}

// The kernel's own come in order; modules and BPF do not.
void KallsymsParser::sort_by_address() {
  RawArray<SymbolEntry>& symbols = table_->symbols;
  const auto less = [](const SymbolEntry& a, const SymbolEntry& b) { return a.address() < b.address(); };
  SymbolEntry* const sorted_end = std::ranges::is_sorted_until(symbols, less);
  if (sorted_end == symbols.end())
    return;
  std::stable_sort(sorted_end, symbols.end(), less);
  // Merge only what overlaps.
  SymbolEntry* const merge_begin = std::upper_bound(symbols.begin(), sorted_end, *sorted_end, less);
  std::inplace_merge(merge_begin, sorted_end, symbols.end(), less);
}

void KallsymsParser::list_modules() {
  std::vector<KallsymsModule> of_owner(table_->owners.size());
  for (const SymbolEntry& symbol : table_->symbols) {
    if (symbol.owner() == 0)
      continue;
    KallsymsModule& module = of_owner[symbol.owner()];
    ++module.symbols;
    const SymbolType type(symbol.letter());
    if (type.section() == SymbolSection::absolute || !visible_)
      continue;
    constexpr std::uint64_t kInPage = 4095;
    const std::uint64_t page_end = (symbol.address() | kInPage) + 1;
    module.first = module.end == 0 ? symbol.address() : module.first;
    module.end = page_end == 0 ? std::numeric_limits<std::uint64_t>::max() : page_end;
  }
  for (std::size_t i = 0; i < of_owner.size(); ++i) {
    of_owner[i].name = table_->owners[i].name;
    if (table_->owners[i].origin == SymbolOrigin::module && of_owner[i].symbols != 0)
      table_->modules.push_back(of_owner[i]);
  }
  table_->modules.shrink_to_fit();
}

// Their addresses have been looked at.
void KallsymsParser::drop_left_out() {
  RawArray<SymbolEntry>& symbols = table_->symbols;
  if (leave_out_labels_ || bounds_ != 0) {
    const auto dropped = std::ranges::remove_if(symbols, &SymbolEntry::left_out);
    symbols.truncate(symbols.size() - dropped.size());
  }
  symbols.shrink();
}

std::shared_ptr<const KallsymsTable> KallsymsParser::finish() {
  if (pending_size_ != 0) {
    KallsymsLine parsed;
    (void)parse_kallsyms_line(pending_, parsed);
    skip(pending_size_ > kMaxLine ? SkipReason::line_too_long : SkipReason::cut_line, pending_, pending_size_, parsed);
    pending_size_ = 0;
  }
  table_->visibility =
      visible_ || table_->symbols.size() == bounds_ ? KallsymsVisibility::full : KallsymsVisibility::hidden;
  decide_init_functions();
  sort_by_address();
  const Marks& m = marks_;
  if (m.stext != 0 && m.end != 0)
    table_->image = {{m.stext, m.end}, {m.init_begin, m.init_end}};
  else if (m.stext != 0 && m.etext != 0)
    table_->image = {{m.stext, m.etext}, {m.sinittext, m.einittext}};
  table_->names.shrink();
  if (visible_)
    index_addresses(*table_);
  drop_left_out();
  list_modules();
  return std::move(table_);
}

}  // namespace fathom::detail
