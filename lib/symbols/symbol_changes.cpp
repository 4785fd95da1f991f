#include "wait_set.hpp"

#include <fathom/symbols/symbol_changes.hpp>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

namespace fathom {

namespace {

// The rights or the feature are missing: a state of the system, not a failure of this program.
bool is_denied(const Error& error) {
  const auto& code = error.code();
  return code == std::errc::permission_denied || code == std::errc::operation_not_permitted ||
         code == std::errc::not_supported || code == std::errc::function_not_supported ||
         code == std::errc::address_family_not_supported || code == std::errc::protocol_not_supported;
}

template <typename Source, typename Options>
std::optional<Error> listen(std::optional<Source>& source, const Options& options) {
  try {
    source.emplace(options);
    return std::nullopt;
  } catch (const Error& error) {
    if (!is_denied(error))
      throw;
    return error;
  }
}

template <typename T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

SymbolChangeSummary& SymbolChangeSummary::operator+=(SymbolChangeSummary later) {
  append(modules, std::move(later.modules));
  append(ksymbols, std::move(later.ksymbols));
  append(ksymbol_losses, std::move(later.ksymbol_losses));
  module_losses += later.module_losses;
  return *this;
}

SymbolChanges::SymbolChanges(const SymbolChangesOptions& options) {
  notices_.no_ksymbols = listen(ksymbols_, options.ksymbols);
  notices_.no_modules = listen(modules_, options.modules);
  if (ksymbols_ && modules_)
    epoll_ = symbols::wait_set({ksymbols_->native_handle(), modules_->native_handle()});
  else if (ksymbols_)
    epoll_ = symbols::wait_set({ksymbols_->native_handle()});
  else if (modules_)
    epoll_ = symbols::wait_set({modules_->native_handle()});
  else
    throw *notices_.no_ksymbols;
}

SymbolChangeSummary SymbolChanges::drain() {
  SymbolChangeSummary summary;
  bool cpus_changed = !modules_;  // nobody tells
  if (modules_) {
    ModuleBatch batch = modules_->drain();
    cpus_changed = batch.cpus_changed || batch.losses != 0;
    summary.modules = std::move(batch.events);
    summary.module_losses = batch.losses;
    std::erase_if(summary.modules, [](const ModuleEvent& event) { return event.synthetic; });
  }
  if (ksymbols_) {
    if (cpus_changed)
      ksymbols_->recheck_cpus();
    KsymbolBatch batch = ksymbols_->drain();
    summary.ksymbols = std::move(batch.events);
    summary.ksymbol_losses = std::move(batch.losses);
  }
  return summary;
}

}  // namespace fathom
