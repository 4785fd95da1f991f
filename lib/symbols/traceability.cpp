#include "compiler_suffix.hpp"
#include "traceability_sources.hpp"

#include <fathom/base/nearest_names.hpp>
#include <fathom/symbols/traceability.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace fathom {

namespace {

// A symbol whose size nothing tells: ftrace's place is within the first instructions.
constexpr std::uint64_t kEntryBytes = 32;

/// Gathers what speaks for and against, in the order in which it is found. One `no` decides, then one `unknown`.
class Verdict {
 public:
  Verdict& no(TraceReason reason) { return add(TraceAnswer::no, std::move(reason)); }
  Verdict& unknown(TraceReason reason) { return add(TraceAnswer::unknown, std::move(reason)); }
  Verdict& note(TraceReason reason) { return add(TraceAnswer::yes, std::move(reason)); }
  Verdict& add(TraceAnswer answer, TraceReason reason) {
    by_answer_[static_cast<std::size_t>(answer)].push_back(std::move(reason));
    return *this;
  }

  TraceVerdict take() {
    for (const TraceAnswer answer : {TraceAnswer::no, TraceAnswer::unknown}) {
      auto& reasons = by_answer_[static_cast<std::size_t>(answer)];
      if (!reasons.empty())
        return {answer, std::move(reasons)};
    }
    return {TraceAnswer::yes, std::move(by_answer_[static_cast<std::size_t>(TraceAnswer::yes)])};
  }

 private:
  std::array<std::vector<TraceReason>, 3> by_answer_;
};

TraceReason reason(TraceReasonKind kind) {
  return {.kind = kind};
}

TraceReason named(TraceReasonKind kind, std::vector<std::string> names) {
  return {.kind = kind, .names = std::move(names)};
}

TraceReason ambiguous(std::size_t count) {
  return {.kind = TraceReasonKind::ambiguous, .count = count};
}

struct Query {
  std::string_view function;
  std::string_view module;
};

// `foo`, `foo [ext4]`, `ext4:foo`
Query parse_query(std::string_view text) {
  if (const auto open = text.find('['); open != std::string_view::npos && text.ends_with(']')) {
    const std::string_view name = text.substr(0, open);
    const auto last = name.find_last_not_of(" \t");
    return {name.substr(0, last == std::string_view::npos ? 0 : last + 1),
            text.substr(open + 1, text.size() - open - 2)};
  }
  if (const auto colon = text.find(':'); colon != std::string_view::npos)
    return {text.substr(colon + 1), text.substr(0, colon)};
  return {text, {}};
}

bool of_kernel_or_module(const Symbol& symbol) {
  return symbol.origin() == SymbolOrigin::kernel || symbol.origin() == SymbolOrigin::module ||
         symbol.origin() == SymbolOrigin::module_init;
}

}  // namespace

/// What is asked about one name, and the facts that several mechanisms share.
class Traceability::Inquiry {
 public:
  Inquiry(const Sources& sources, std::string_view function, std::string_view module)
      : s_(sources), function_(function), module_(symbols::module_name(module)) {
    if (!s_.symbols)
      return;
    for (const Symbol symbol : s_.symbols->named(function_)) {
      if (!of_kernel_or_module(symbol) || (!module_.empty() && symbol.module() != module_))
        continue;
      all_.push_back(symbol);
      if (symbol.type().executable())
        code_.push_back(symbol);
    }
  }

  // With what the compiler made of it. A part's own parts are the whole's too, so they stand beside it.
  FunctionTraceability answer_with_parts() {
    find_parts();
    FunctionTraceability whole = answer();
    for (const std::string& part : parts_)
      whole.parts.push_back(Inquiry(s_, part, module_).answer());
    return whole;
  }

 private:
  enum class Site { no, yes, unknown };

  FunctionTraceability answer() {
    FunctionTraceability answer;
    answer.function = function_;
    answer.module = module_;
    if (module_.empty() && all_.size() == 1)
      answer.module = all_.front().module();
    answer.verdicts = {ftrace(), kprobe(), kprobe_multi(), fentry()};
    return answer;
  }

  void find_parts() {
    if (!s_.symbols || function_.empty())
      return;
    std::set<std::string> names;
    for (const Symbol symbol : s_.symbols->prefixed(function_ + '.')) {
      if (symbol.type().executable() && (module_.empty() || symbol.module() == module_) &&
          symbols::is_part_of(symbol.name(), function_))
        names.emplace(symbol.name());
    }
    parts_.assign(names.begin(), names.end());
  }

  [[nodiscard]] std::size_t listed() const {
    return module_.empty() ? s_.functions->count(function_) : s_.functions->count(function_, module_);
  }

  // Does ftrace have a place in this very function? Names alone cannot tell which of several functions has one.
  [[nodiscard]] Site site(const Symbol& symbol) const {
    if (!s_.functions)
      return s_.has_ftrace ? Site::unknown : Site::no;
    const std::uint64_t begin = symbol.address();
    if (s_.functions->has_addresses() && begin != 0)
      return s_.functions->site_within(begin, begin + symbol.size().value_or(kEntryBytes)) ? Site::yes : Site::no;
    Site found = Site::no;
    for (const Symbol alias : names_of(symbol)) {
      const std::size_t sites = s_.functions->count(alias.name(), alias.module());
      const auto namesakes =
          static_cast<std::size_t>(std::ranges::count_if(s_.symbols->named(alias.name()), [&](const Symbol& other) {
            return other.module() == alias.module() && other.type().executable();
          }));
      if (sites != 0 && sites >= namesakes)
        return Site::yes;
      if (sites != 0)
        found = Site::unknown;
    }
    return found;
  }

  [[nodiscard]] std::vector<Symbol> names_of(const Symbol& symbol) const {
    if (symbol.address() == 0)
      return {symbol};
    const auto aliases = s_.symbols->aliases(symbol.address());
    return {aliases.begin(), aliases.end()};
  }

  [[nodiscard]] bool init_gone(const Symbol& symbol) const {
    if (symbol.origin() == SymbolOrigin::module_init)
      return true;
    return symbol.origin() == SymbolOrigin::kernel && symbol.address() >= s_.init_begin &&
           symbol.address() < s_.init_end;
  }

  [[nodiscard]] bool all_init_gone() const {
    return !code_.empty() && std::ranges::all_of(code_, [this](const Symbol& symbol) { return init_gone(symbol); });
  }

  [[nodiscard]] std::optional<TraceReason> inlined(TraceReasonKind kind) const {
    if (!s_.inline_sites)
      return std::nullopt;
    const auto summary = s_.inline_sites->find(function_);
    if (!summary || summary->inlined_call_sites == 0)
      return std::nullopt;
    if (kind == TraceReasonKind::inlined_everywhere && !summary->inlined_everywhere())
      return std::nullopt;
    return TraceReason{.kind = kind,
                       .names = summary->callers,
                       .count = summary->inlined_call_sites,
                       .path = s_.inline_sites->source()};
  }

  [[nodiscard]] TraceReason about_module() const {
    if (s_.modules && s_.modules->contains(module_))
      return named(TraceReasonKind::module_not_loaded, {module_});
    if (s_.built_in && s_.built_in->contains(module_))
      return named(TraceReasonKind::module_built_in, {module_});
    const bool complete = s_.modules && s_.built_in;
    return named(complete ? TraceReasonKind::no_such_module : TraceReasonKind::module_not_loaded, {module_});
  }

  [[nodiscard]] bool module_loaded() const {
    return std::ranges::any_of(s_.symbols->modules(),
                               [this](const KallsymsModule& module) { return module.name == module_; });
  }

  // Why there is no code of this name; the symbols are known.
  TraceReason absent() {
    if (!module_.empty() && !module_loaded())
      return about_module();
    if (!all_.empty())
      return reason(TraceReasonKind::not_a_function);
    if (!parts_.empty())
      return named(TraceReasonKind::only_parts, parts_);
    if (auto everywhere = inlined(TraceReasonKind::inlined_everywhere))
      return *std::move(everywhere);
    return named(TraceReasonKind::no_symbol, nearest());
  }

  // All mechanisms ask the same, and the search is long.
  const std::vector<std::string>& nearest() {
    if (!nearest_) {
      NearestNames search(function_);
      for (const Symbol symbol : *s_.symbols) {
        if (symbol.type().executable() && of_kernel_or_module(symbol) && !symbol.is_label())
          search.offer(symbol.name());
      }
      nearest_ = search.names();
    }
    return *nearest_;
  }

  // Why ftrace has no place in code that is there.
  [[nodiscard]] TraceReason no_site() const {
    for (const Symbol& symbol : code_) {
      for (const Symbol alias : names_of(symbol)) {
        if (alias.name() != function_ && s_.functions && s_.functions->count(alias.name(), alias.module()) != 0)
          return named(TraceReasonKind::other_name, {std::string(alias.name())});
      }
    }
    return reason(TraceReasonKind::no_ftrace_site);
  }

  // What is common to all mechanisms. Says whether to go on: whether there is code to ask about.
  bool has_code(Verdict& verdict) {
    if (!s_.symbols) {
      if (!s_.functions || listed() == 0)
        verdict.unknown(s_.symbols.gap);
      return false;
    }
    if (code_.empty()) {
      verdict.no(absent());
      return false;
    }
    if (all_init_gone()) {
      verdict.no(reason(TraceReasonKind::init_gone));
      return false;
    }
    return true;
  }

  TraceVerdict ftrace() {
    Verdict verdict;
    if (!s_.has_ftrace) {
      verdict.no(named(TraceReasonKind::not_in_kernel, {"CONFIG_DYNAMIC_FTRACE"}));
    } else if (!s_.functions) {
      if (!s_.symbols || has_code(verdict))
        verdict.unknown(s_.functions.gap);
    } else if (const std::size_t count = listed(); count != 0) {
      if (count > 1)
        verdict.note(ambiguous(count));
      note_inlined(verdict);
    } else if (!s_.symbols) {
      verdict.no(reason(TraceReasonKind::no_site_unknown_why));
    } else if (has_code(verdict)) {
      verdict.no(no_site());
    }
    return verdict.take();
  }

  void note_inlined(Verdict& verdict) const {
    if (auto somewhere = inlined(TraceReasonKind::inlined_somewhere))
      verdict.note(*std::move(somewhere));
  }

  TraceVerdict kprobe() {
    Verdict verdict;
    if (s_.lockdown)
      verdict.no(named(TraceReasonKind::locked_down, {*s_.lockdown}));
    if (!s_.has_kprobes)
      verdict.no(named(TraceReasonKind::not_in_kernel, {"CONFIG_KPROBE_EVENTS"}));
    if (has_code(verdict)) {
      if (takes_name(verdict)) {
        judge_place(verdict, code_.front());
        judge_blacklist(verdict, code_.front());
      }
      note_inlined(verdict);
    } else if (!s_.symbols) {
      judge_blacklist_by_name(verdict);
    }
    return verdict.take();
  }

  // Whether the name says which symbol is meant; an old kernel takes the first.
  bool takes_name(Verdict& verdict) const {
    std::size_t count = all_.size();
    if (!s_.counts_modules_as_ambiguous)
      count = static_cast<std::size_t>(std::ranges::count(all_, SymbolOrigin::kernel, &Symbol::origin));
    if (s_.refuses_ambiguous && count > 1) {
      verdict.no(ambiguous(count));
      return false;
    }
    if (all_.size() > 1)
      verdict.note(ambiguous(all_.size()));
    return true;
  }

  // within_notrace_func of kernel/trace/trace_kprobe.c: a part of a function may be probed if the function has a site.
  void judge_place(Verdict& verdict, const Symbol& symbol) const {
    if (!s_.has_ftrace || (s_.kprobes_on_notrace && *s_.kprobes_on_notrace))
      return;
    Site found = site(symbol);
    if (const auto dot = function_.find('.'); found == Site::no && dot != std::string::npos) {
      const auto whole = s_.symbols->named(std::string_view(function_).substr(0, dot));
      found = whole.empty() ? Site::no : site(whole[0]);
    }
    if (found == Site::unknown)
      verdict.unknown(s_.functions ? ambiguous(code_.size()) : s_.functions.gap);
    else if (found == Site::no && s_.kprobes_on_notrace)
      verdict.no(reason(TraceReasonKind::no_ftrace_site));
    else if (found == Site::no)
      verdict.unknown(s_.kprobes_on_notrace.gap);
  }

  void judge_blacklist(Verdict& verdict, const Symbol& symbol) const {
    if (!s_.blacklist) {
      verdict.unknown(s_.blacklist.gap);
    } else if (symbol.address() != 0 ? s_.blacklist->contains(symbol.address())
                                     : s_.blacklist->contains(symbol.name())) {
      verdict.no(reason(TraceReasonKind::on_kprobe_blacklist));
    }
  }

  void judge_blacklist_by_name(Verdict& verdict) const {
    if (!s_.blacklist)
      verdict.unknown(s_.blacklist.gap);
    else if (s_.blacklist->contains(std::string_view(function_)))
      verdict.no(reason(TraceReasonKind::on_kprobe_blacklist));
  }

  TraceVerdict kprobe_multi() {
    Verdict verdict;
    if (!s_.has_fprobe)
      verdict.no(named(TraceReasonKind::not_in_kernel, {"CONFIG_FPROBE"}));
    if (has_code(verdict)) {
      // By address each of several can be had, so one that can is enough.
      const auto sites = [this](Site wanted) {
        return std::ranges::any_of(code_, [&](const Symbol& symbol) { return site(symbol) == wanted; });
      };
      if (sites(Site::yes))
        note_inlined(verdict);
      else
        judge_missing_site(verdict, sites(Site::unknown));
      if (code_.size() > 1)
        verdict.note(ambiguous(code_.size()));
    }
    return verdict.take();
  }

  void judge_missing_site(Verdict& verdict, bool unknown) const {
    if (!unknown)
      verdict.no(reason(TraceReasonKind::no_ftrace_site));
    else
      verdict.unknown(s_.functions ? ambiguous(code_.size()) : s_.functions.gap);
  }

  TraceVerdict fentry() {
    Verdict verdict;
    if (!s_.has_trampolines)
      verdict.no(named(TraceReasonKind::not_in_kernel, {"CONFIG_BPF_JIT", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"}));
    if (symbols::denied_to_trampolines(function_))
      verdict.no(reason(TraceReasonKind::denied_to_bpf));
    const bool go_on = has_code(verdict);
    judge_prototype(verdict);
    if (go_on) {
      // The kernel takes the first symbol of the name, as kallsyms_lookup_name finds it.
      if (const Site found = site(code_.front()); found != Site::yes)
        judge_missing_site(verdict, found == Site::unknown);
      if (code_.size() > 1)
        verdict.note(ambiguous(code_.size()));
      note_inlined(verdict);
    }
    return verdict.take();
  }

  void judge_prototype(Verdict& verdict) const {
    if (s_.symbols && code_.empty())
      return;
    const auto kernel = s_.btf.find(std::string_view());
    if (!kernel->second) {
      verdict.unknown(kernel->second.gap);
      return;
    }
    const std::string_view module = code_.empty() ? std::string_view(module_) : code_.front().module();
    const auto source = s_.btf.find(module);
    if (source == s_.btf.end()) {
      verdict.no(reason(TraceReasonKind::no_btf_function));
      return;
    }
    if (!source->second) {
      verdict.unknown(source->second.gap);
      return;
    }
    const auto function = described(*source->second);
    if (!function)
      verdict.no(reason(TraceReasonKind::no_btf_function));
    else if (auto refusal = symbols::trampoline_refusal(*function, s_.trampoline))
      verdict.add(refusal->answer, std::move(refusal->reason));
  }

  // A module's BTF contains the kernel's, whose functions are not the module's.
  [[nodiscard]] std::optional<BtfType> described(const Btf& btf) const {
    for (const BtfType type : btf.named(function_)) {
      if (type.kind() == BtfKind::func && type.id() >= btf.first_own_id())
        return type;
    }
    return std::nullopt;
  }

  const Sources& s_;
  std::string function_;
  std::string module_;
  std::vector<Symbol> all_;
  std::vector<Symbol> code_;
  std::vector<std::string> parts_;
  std::optional<std::vector<std::string>> nearest_;
};

bool FunctionTraceability::traceable() const noexcept {
  return std::ranges::find(verdicts, TraceAnswer::yes, &TraceVerdict::answer) != verdicts.end() ||
         std::ranges::any_of(parts, &FunctionTraceability::traceable);
}

Traceability Traceability::load(const TraceabilityOptions& options) {
  return Traceability(std::make_shared<const Sources>(options));
}

FunctionTraceability Traceability::of(std::string_view function) const {
  const Query query = parse_query(function);
  return Inquiry(*sources_, query.function, query.module).answer_with_parts();
}

const std::vector<TraceabilityGap>& Traceability::gaps() const noexcept {
  return sources_->gaps;
}

}  // namespace fathom
