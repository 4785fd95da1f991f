#include "stacks_names.hpp"

#include <fathom/symbols/kallsyms_index.hpp>
#ifdef STACKS_READ_ELF
#include <fathom/symbols/elf_file_symbols.hpp>
#endif

#include <algorithm>

namespace stacks {

namespace {

bool has_kernel_addresses(const fathom::Profile& profile) {
  return std::ranges::any_of(profile.entries, [](const auto& entry) { return !entry.kernel.empty(); });
}

}  // namespace

fathom::NamedProfile name(const fathom::Profile& profile, const Options& options, const States* states) {
  fathom::ProfileNames names;
  if (states != nullptr)
    names.state = [states](const fathom::OffCpuState& state) { return '[' + states->label(state) + ']'; };
  fathom::KallsymsIndex kallsyms;
  if (has_kernel_addresses(profile)) {
    kallsyms = fathom::KallsymsIndex::load({.allow_hidden = true});
    names.kernel = fathom::kernel_names(kallsyms);
  }
#ifdef STACKS_READ_ELF
  fathom::ElfFileSymbols files(
      {.files = std::make_shared<fathom::ElfFiles>(fathom::ElfFilesOptions{.source_lines = options.inlined})});
  names.user = fathom::user_names(files);
#endif
  return fathom::name_profile(profile, names, {.threads = options.threads});
}

}  // namespace stacks
