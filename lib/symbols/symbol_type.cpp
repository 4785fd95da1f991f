#include <fathom/symbols/symbol_type.hpp>

#include <algorithm>
#include <array>

namespace fathom {

namespace {

// What nm(1) says of a letter, and what we say.
struct Letter {
  char letter;
  SymbolSection section;
  SymbolScope scope;
  std::string_view description;
};

constexpr auto kLocal = SymbolScope::local;
constexpr auto kGlobal = SymbolScope::global;

constexpr std::array kLetters = {
    Letter{'-', SymbolSection::debug, SymbolScope::unknown, "debug information of an a.out file (stabs)"},
    Letter{'?', SymbolSection::unknown, SymbolScope::unknown, "of unknown type"},
    Letter{'A', SymbolSection::absolute, kGlobal,
           "absolute value, global; a per-CPU variable's offset on x86 before 6.15"},
    Letter{'B', SymbolSection::bss, kGlobal, "zeroed data (BSS), global"},
    Letter{'C', SymbolSection::common, kGlobal, "common (zeroed data that no object file has placed), global"},
    Letter{'D', SymbolSection::data, kGlobal, "initialised data, global"},
    Letter{'G', SymbolSection::small_data, kGlobal, "small initialised data, global"},
    Letter{'I', SymbolSection::indirect_reference, kGlobal, "another name for a symbol"},
    Letter{'N', SymbolSection::debug, SymbolScope::unknown, "debug information"},
    Letter{'R', SymbolSection::read_only, kGlobal, "read-only data, global"},
    Letter{'S', SymbolSection::small_bss, kGlobal, "small zeroed data, global"},
    Letter{'T', SymbolSection::text, kGlobal, "code, global"},
    Letter{'U', SymbolSection::undefined, kGlobal, "undefined, defined elsewhere"},
    Letter{'V', SymbolSection::weak_object, SymbolScope::weak, "weak object"},
    Letter{'W', SymbolSection::weak, SymbolScope::weak, "weak symbol, in the kernel a function"},
    Letter{'a', SymbolSection::absolute, kLocal, "absolute value, local"},
    Letter{'b', SymbolSection::bss, kLocal, "zeroed data (BSS), local"},
    Letter{'c', SymbolSection::common, kLocal, "small common (zeroed data that no object file has placed)"},
    Letter{'d', SymbolSection::data, kLocal, "initialised data, local"},
    Letter{'g', SymbolSection::small_data, kLocal, "small initialised data, local"},
    Letter{'i', SymbolSection::indirect_function, kGlobal,
           "code that picks the real function when first asked (ifunc)"},
    Letter{'n', SymbolSection::debug, kLocal, "debug information; of nm, a read-only section of no other kind"},
    Letter{'p', SymbolSection::unwind, kLocal, "stack unwinding tables"},
    Letter{'r', SymbolSection::read_only, kLocal, "read-only data, local"},
    Letter{'s', SymbolSection::small_bss, kLocal, "small zeroed data, local"},
    Letter{'t', SymbolSection::text, kLocal, "code, local"},
    Letter{'u', SymbolSection::unknown, SymbolScope::unique, "unique global, one for the whole process"},
    Letter{'v', SymbolSection::weak_object, SymbolScope::weak, "weak object without a default value"},
    Letter{'w', SymbolSection::weak, SymbolScope::weak, "weak symbol without a default value"},
};

// The letters that elf_type gives to a module's symbols, in lower case, where that is a letter. The case says whether
// it is exported.
struct ModuleLetter {
  char letter;
  SymbolSection section;
  std::string_view not_exported;
  std::string_view exported;
};

constexpr std::array kModuleLetters = {
    ModuleLetter{'a', SymbolSection::absolute, "absolute value or per-CPU variable of a module, not exported",
                 "absolute value or per-CPU variable of a module, exported"},
    ModuleLetter{'b', SymbolSection::bss, "zeroed data (BSS) of a module, not exported",
                 "zeroed data (BSS) of a module, exported"},
    ModuleLetter{'d', SymbolSection::data, "data of a module, not exported", "data of a module, exported"},
    ModuleLetter{'g', SymbolSection::small_data, "small data of a module, not exported",
                 "small data of a module, exported"},
    ModuleLetter{'n', SymbolSection::debug, "debug information of a module", "debug information of a module, exported"},
    ModuleLetter{'r', SymbolSection::read_only, "read-only data of a module, not exported",
                 "read-only data of a module, exported"},
    ModuleLetter{'s', SymbolSection::small_bss, "small zeroed data of a module, not exported",
                 "small zeroed data of a module, exported"},
    ModuleLetter{'t', SymbolSection::text, "code of a module, not exported", "code of a module, exported"},
    ModuleLetter{'v', SymbolSection::weak_object, "weak object of a module, not exported",
                 "weak object of a module, exported"},
    ModuleLetter{'w', SymbolSection::weak, "weak symbol of a module that is no object, not exported",
                 "weak symbol of a module that is no object, exported"},
};

constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

constexpr char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

template <class Table>
constexpr auto* find_letter(const Table& table, char letter) {
  const auto found = std::ranges::find(table, letter, &Table::value_type::letter);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::string_view to_string(SymbolOrigin origin) noexcept {
  switch (origin) {
    case SymbolOrigin::kernel:
      return "kernel";
    case SymbolOrigin::module:
      return "module";
    case SymbolOrigin::module_init:
      return "module_init";
    case SymbolOrigin::bpf_program:
      return "bpf_program";
    case SymbolOrigin::bpf_trampoline:
      return "bpf_trampoline";
    case SymbolOrigin::bpf_dispatcher:
      return "bpf_dispatcher";
    case SymbolOrigin::bpf_struct_ops:
      return "bpf_struct_ops";
    case SymbolOrigin::ftrace_trampoline:
      return "ftrace_trampoline";
    case SymbolOrigin::kprobe_page:
      return "kprobe_page";
  }
  return "";
}

std::string_view to_string(SymbolScope scope) noexcept {
  switch (scope) {
    case SymbolScope::local:
      return "local";
    case SymbolScope::global:
      return "global";
    case SymbolScope::weak:
      return "weak";
    case SymbolScope::unique:
      return "unique";
    case SymbolScope::exported:
      return "exported";
    case SymbolScope::not_exported:
      return "not_exported";
    case SymbolScope::unknown:
      return "unknown";
  }
  return "";
}

std::string_view to_string(SymbolSection section) noexcept {
  switch (section) {
    case SymbolSection::text:
      return "text";
    case SymbolSection::data:
      return "data";
    case SymbolSection::read_only:
      return "read_only";
    case SymbolSection::bss:
      return "bss";
    case SymbolSection::small_data:
      return "small_data";
    case SymbolSection::small_bss:
      return "small_bss";
    case SymbolSection::common:
      return "common";
    case SymbolSection::absolute:
      return "absolute";
    case SymbolSection::weak:
      return "weak";
    case SymbolSection::weak_object:
      return "weak_object";
    case SymbolSection::undefined:
      return "undefined";
    case SymbolSection::debug:
      return "debug";
    case SymbolSection::indirect_function:
      return "indirect_function";
    case SymbolSection::indirect_reference:
      return "indirect_reference";
    case SymbolSection::unwind:
      return "unwind";
    case SymbolSection::unknown:
      return "unknown";
  }
  return "";
}

bool SymbolType::known() const noexcept {
  return letter_ != '?' && find_letter(kLetters, letter_) != nullptr;
}

SymbolSection SymbolType::section() const noexcept {
  const Letter* const found = find_letter(kLetters, letter_);
  return found == nullptr ? SymbolSection::unknown : found->section;
}

SymbolScope SymbolType::scope(SymbolOrigin origin) const noexcept {
  if (origin == SymbolOrigin::kernel) {
    const Letter* const found = find_letter(kLetters, letter_);
    return found == nullptr ? SymbolScope::unknown : found->scope;
  }
  if (origin == SymbolOrigin::module && find_letter(kModuleLetters, lower(letter_)) != nullptr)
    return is_upper(letter_) ? SymbolScope::exported : SymbolScope::not_exported;
  return SymbolScope::unknown;
}

std::string_view SymbolType::description(SymbolOrigin origin) const noexcept {
  switch (origin) {
    case SymbolOrigin::kernel:
      break;
    case SymbolOrigin::module:
      if (const ModuleLetter* const found = find_letter(kModuleLetters, lower(letter_)))
        return is_upper(letter_) ? found->exported : found->not_exported;
      break;
    case SymbolOrigin::module_init:
      return "init function of a module, gone since the module was loaded";
    case SymbolOrigin::bpf_program:
      return "code compiled from a BPF program";
    case SymbolOrigin::bpf_trampoline:
      return "BPF trampoline, leads to the programs on a function";
    case SymbolOrigin::bpf_dispatcher:
      return "BPF dispatcher, calls programs directly";
    case SymbolOrigin::bpf_struct_ops:
      return "BPF struct_ops trampoline, leads from a callback to a program";
    case SymbolOrigin::ftrace_trampoline:
      return "ftrace trampoline, leads from a function to its callback";
    case SymbolOrigin::kprobe_page:
      return "page of instructions that kprobes have displaced";
  }
  const Letter* const found = find_letter(kLetters, letter_);
  return found == nullptr ? "a letter of no known meaning" : found->description;
}

bool SymbolType::executable() const noexcept {
  switch (section()) {
    case SymbolSection::text:
    case SymbolSection::weak:
    case SymbolSection::indirect_function:
      return true;
    default:
      return false;
  }
}

}  // namespace fathom
