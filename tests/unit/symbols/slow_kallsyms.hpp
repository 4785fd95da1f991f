#pragma once

// A second, slow and obvious reading of /proc/kallsyms, to hold KallsymsIndex against. It shares nothing with the
// library but the meaning of the letters.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::test {

class SlowKallsyms {
 public:
  struct Symbol {
    std::uint64_t address = 0;
    char letter = '?';
    std::string name;
    std::string module;
    std::string kind;  // as to_string(SymbolOrigin) has it

    friend bool operator==(const Symbol&, const Symbol&) = default;
  };
  struct Hit {
    Symbol symbol;
    std::uint64_t offset = 0;
  };

  explicit SlowKallsyms(std::string_view text, bool leave_out_labels = false) : leave_out_(leave_out_labels) {
    std::vector<Symbol> lines;
    std::size_t digits = 0;
    while (true) {
      const auto newline = text.find('\n');
      if (newline == std::string_view::npos)
        break;  // a last line without its newline may be cut
      take(std::string(text.substr(0, newline)), digits, lines);
      text.remove_prefix(newline + 1);
    }
    if (const auto cut = bound(std::string(text), digits))
      lines.push_back(*cut);
    name_kinds(lines);
    std::erase_if(lines, [](const Symbol& s) { return s.letter == 'U'; });
    std::ranges::stable_sort(lines, {}, &Symbol::address);
    hidden_ = std::ranges::all_of(lines, [](const Symbol& s) { return s.address == 0 || s.name.empty(); });
    all_ = lines;
    kept_ = lines;
    std::erase_if(kept_, [this](const Symbol& s) { return !is_kept(s); });
  }

  const std::vector<Symbol>& symbols() const { return kept_; }

  std::optional<Hit> find(std::uint64_t address) const {
    if (hidden_)
      return std::nullopt;
    // The last symbol at or before it, and the first of those that stand there.
    const auto behind = std::ranges::upper_bound(all_, address, {}, &Symbol::address);
    auto found = behind;
    while (found != all_.begin() && is_mapping(std::prev(found)->name))
      --found;
    if (found == all_.begin())
      return std::nullopt;
    --found;
    const std::uint64_t at = found->address;
    const Symbol* const best = stands_for(at);
    if (!is_kept(*best))
      return std::nullopt;
    const std::uint64_t offset = address - at;
    if (offset == 0 || within(*best, offset, next_after(at)))
      return Hit{*best, offset};
    return std::nullopt;
  }

 private:
  static bool is_mapping(std::string_view name) {
    return name.starts_with('$') || name.starts_with(".L") || name.starts_with("L0");
  }
  static bool is_label(std::string_view name) {
    static const std::set<std::string_view> kFunctions = {"__cfi_check", "__cfi_check_fail", "__cfi_slowpath",
                                                          "__cfi_slowpath_diag"};
    if (kFunctions.contains(name))
      return false;
    return is_mapping(name) || name.starts_with("__pfx_") || name.starts_with("__cfi_") ||
           name.starts_with("__kcfi_typeid_");
  }
  static bool is_code(char letter) { return std::string_view("tTwWi").find(letter) != std::string_view::npos; }

  // A line that was skipped has an address at most, and no name.
  bool is_kept(const Symbol& s) const { return !s.name.empty() && !(leave_out_ && is_label(s.name)); }
  static bool is_value(const Symbol& s) { return s.letter == 'a' || s.letter == 'A'; }

  // The first symbol of the address that is kept and a place, or else a value, or else what there is. No mapping
  // symbols; null if there are only such.
  const Symbol* stands_for(std::uint64_t address) const {
    const Symbol* value = nullptr;
    const Symbol* any = nullptr;
    for (auto s = std::ranges::lower_bound(all_, address, {}, &Symbol::address);
         s != all_.end() && s->address == address; ++s) {
      if (is_mapping(s->name))
        continue;
      if (is_kept(*s) && !is_value(*s))
        return &*s;
      if (is_kept(*s) && value == nullptr)
        value = &*s;
      if (any == nullptr)
        any = &*s;
    }
    return value != nullptr ? value : any;
  }

  const Symbol* next_after(std::uint64_t address) const {
    for (auto next = std::ranges::upper_bound(all_, address, {}, &Symbol::address); next != all_.end(); ++next) {
      if (!is_mapping(next->name))
        return stands_for(next->address);
    }
    return nullptr;
  }

  std::optional<std::uint64_t> mark(std::string_view name) const {
    const auto found = marks_.find(name);
    return found == marks_.end() ? std::nullopt : std::optional(found->second);
  }

  bool within(const Symbol& symbol, std::uint64_t offset, const Symbol* next) const {
    if (symbol.letter == 'a' || symbol.letter == 'A')
      return false;
    const std::uint64_t address = symbol.address + offset;
    const bool same_page = address / 4096 == symbol.address / 4096;
    if (symbol.kind == "kernel") {
      if (mark("_stext") && mark("_end"))
        return in(symbol.address, address, "_stext", "_end") ||
               in(symbol.address, address, "__init_begin", "__init_end");
      if (mark("_stext") && mark("_etext"))
        return in(symbol.address, address, "_stext", "_etext") ||
               in(symbol.address, address, "_sinittext", "_einittext");
      return same_page || (next != nullptr && next->kind == "kernel");
    }
    if (symbol.kind == "module" || symbol.kind == "module_init")
      return same_page ||
             (next != nullptr && next->kind == symbol.kind && next->module == symbol.module &&
              is_code(next->letter) == is_code(symbol.letter) && next->letter != 'a' && next->letter != 'A');
    return offset < (symbol.kind == "bpf_program" ? 1048576U : 4096U);
  }
  // Both the symbol and the address.
  bool in(std::uint64_t symbol, std::uint64_t address, std::string_view begin, std::string_view end) const {
    const std::uint64_t from = mark(begin).value_or(0);
    const std::uint64_t to = mark(end).value_or(0);
    return from <= symbol && symbol < to && address < to;
  }

  void take(const std::string& line, std::size_t& digits, std::vector<Symbol>& lines) {
    if (const auto symbol = read(line, digits, lines))
      lines.push_back(*symbol);
    else if (const auto cut = bound(line, digits))
      lines.push_back(*cut);
  }

  // Of a line that is no symbol: what begins at its address is unknown.
  static std::optional<Symbol> bound(const std::string& line, std::size_t digits) {
    const std::size_t length = line.find_first_not_of("0123456789abcdef");
    if (length == std::string::npos || line[length] != ' ' || (length != 8 && length != 16) ||
        (digits != 0 && digits != length))
      return std::nullopt;
    Symbol symbol;
    symbol.address = std::stoull(line.substr(0, length), nullptr, 16);
    return symbol;
  }

  std::optional<Symbol> read(std::string line, std::size_t& digits, std::vector<Symbol>& lines) {
    if (line.size() > 1024 || line.find('\0') != std::string::npos)
      return std::nullopt;
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    const std::size_t length = std::min(line.find(' '), line.size());
    if ((length != 8 && length != 16) || line.find_first_not_of("0123456789abcdef") != length)
      return std::nullopt;
    if (line.size() < length + 4 || line[length + 2] != ' ')
      return std::nullopt;
    Symbol symbol;
    symbol.address = std::stoull(line.substr(0, length), nullptr, 16);
    symbol.letter = line[length + 1];
    if (std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ?-").find(symbol.letter) ==
        std::string_view::npos)
      return std::nullopt;
    const std::string rest = line.substr(length + 3);
    const std::size_t name_end = std::min(rest.find_first_of(" \t\n\v\f\r"), rest.size());
    symbol.name = rest.substr(0, name_end);
    if (symbol.name.empty())
      return std::nullopt;
    const std::string behind = rest.substr(name_end);
    if (!behind.empty()) {
      if (behind.size() < 4 || behind.substr(0, 2) != "\t[" || behind.back() != ']')
        return std::nullopt;
      symbol.module = behind.substr(2, behind.size() - 3);
      if (std::ranges::any_of(symbol.module, [](char c) { return static_cast<unsigned char>(c) <= ' '; }))
        return std::nullopt;
    }
    if (symbol.name.size() > 511)
      return std::nullopt;
    if (digits > length)
      return std::nullopt;
    if (digits != 0 && digits < length) {
      lines.clear();  // those of eight digits were the rest of a line that was cut
      marks_.clear();
    }
    digits = length;
    if (symbol.module.empty() && symbol.letter != 'U' && symbol.address != 0)
      marks_.try_emplace(symbol.name, symbol.address);
    return symbol;
  }

  // The kind of each symbol. What a module's name stands at again, behind other names, are the init functions that
  // ftrace has kept, if all such have the letter T.
  static void name_kinds(std::vector<Symbol>& lines) {
    std::set<std::string> seen;
    std::string run;
    bool again = false;
    bool all_t = true;
    std::vector<bool> is_again;
    for (Symbol& s : lines) {
      if (s.name.empty()) {
        s.kind = "kernel";
        is_again.push_back(false);
        continue;
      }
      if (s.module != run) {
        again = !s.module.empty() && seen.contains(s.module);
        run = s.module;
        seen.insert(s.module);
      }
      if (s.module.empty())
        s.kind = "kernel";
      else if (s.module == "bpf")
        s.kind = s.name.starts_with("bpf_trampoline_")   ? "bpf_trampoline"
                 : s.name.starts_with("bpf_dispatcher_") ? "bpf_dispatcher"
                 : s.name.starts_with("bpf__")           ? "bpf_struct_ops"
                                                         : "bpf_program";
      else if (s.module == "__builtin__ftrace")
        s.kind = "ftrace_trampoline";
      else if (s.module == "__builtin__kprobes")
        s.kind = "kprobe_page";
      else
        s.kind = "module";
      is_again.push_back(again && s.kind == "module");
      if (is_again.back() && s.letter != 'T' && s.letter != 'U')
        all_t = false;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (is_again[i] && all_t)
        lines[i].kind = "module_init";
    }
  }

  bool leave_out_;
  bool hidden_ = false;
  std::vector<Symbol> all_;  // labels too
  std::vector<Symbol> kept_;
  std::map<std::string, std::uint64_t, std::less<>> marks_;
};

}  // namespace fathom::test
