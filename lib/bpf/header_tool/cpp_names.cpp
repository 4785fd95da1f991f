#include "cpp_names.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fathom::bpf {

namespace {

// C++'s words that C does not have, and the names that the header uses without asking.
constexpr auto kTaken = std::to_array<std::string_view>({
    "alignas",       "alignof",   "and",       "and_eq",    "asm",          "bitand",
    "bitor",         "bool",      "catch",     "char16_t",  "char32_t",     "char8_t",
    "class",         "co_await",  "co_return", "co_yield",  "compl",        "concept",
    "const_cast",    "consteval", "constexpr", "constinit", "decltype",     "delete",
    "dynamic_cast",  "explicit",  "export",    "false",     "fathom",       "friend",
    "mutable",       "namespace", "new",       "noexcept",  "not",          "not_eq",
    "nullptr",       "object",    "operator",  "or",        "or_eq",        "private",
    "protected",     "public",    "requires",  "std",       "static_cast",  "reinterpret_cast",
    "static_assert", "template",  "this",      "throw",     "thread_local", "true",
    "try",           "typeid",    "typename",  "using",     "virtual",      "wchar_t",
    "xor",           "xor_eq",
});

// What C has too, and so no variable can be called, but a file.
constexpr auto kWordsOfC = std::to_array<std::string_view>({
    "auto",    "break",    "case",   "char",     "const",  "continue", "default", "do",     "double",
    "else",    "enum",     "extern", "float",    "for",    "goto",     "if",      "inline", "int",
    "long",    "register", "return", "short",    "signed", "sizeof",   "static",  "struct", "switch",
    "typedef", "typeof",   "union",  "unsigned", "void",   "volatile", "while",
});

// Macros without arguments that look like ordinary names: those of the compiler in GNU mode, and glibc 2.36's.
constexpr auto kMacros = std::to_array<std::string_view>({
    "d_fileno",
    "errno",
    "h_addr",
    "h_errno",
    "ifa_broadaddr",
    "ifa_dstaddr",
    "ifc_buf",
    "ifc_req",
    "ifr_addr",
    "ifr_bandwidth",
    "ifr_broadaddr",
    "ifr_data",
    "ifr_dstaddr",
    "ifr_flags",
    "ifr_hwaddr",
    "ifr_ifindex",
    "ifr_map",
    "ifr_metric",
    "ifr_mtu",
    "ifr_name",
    "ifr_netmask",
    "ifr_newname",
    "ifr_qlen",
    "ifr_slave",
    "linux",
    "math_errhandling",
    "s6_addr",
    "s6_addr16",
    "s6_addr32",
    "sa_handler",
    "sa_sigaction",
    "si_addr",
    "si_addr_lsb",
    "si_arch",
    "si_band",
    "si_call_addr",
    "si_fd",
    "si_int",
    "si_lower",
    "si_overrun",
    "si_pid",
    "si_pkey",
    "si_ptr",
    "si_status",
    "si_stime",
    "si_syscall",
    "si_timerid",
    "si_uid",
    "si_upper",
    "si_utime",
    "si_value",
    "st_atime",
    "st_ctime",
    "st_mtime",
    "unix",
    "sigev_notify_attributes",
    "sigev_notify_function",
});

template <std::size_t N>
bool has(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Whether the library that defines `of` defines `name` too. Found by asking the library itself, not the whole process:
// the linker may have more in it than the C library.
bool defined_beside(const char* of, const char* name) {
  Dl_info info{};
  void* const place = ::dlsym(RTLD_DEFAULT, of);
  if (place == nullptr || ::dladdr(place, &info) == 0)
    return false;
  void* const library = ::dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr)
    return false;
  const bool found = ::dlsym(library, name) != nullptr;
  ::dlclose(library);
  return found;
}

}  // namespace

std::string safe_name(std::string_view name) {
  std::string safe(name);
  if (has(kTaken, name) || has(kMacros, name))
    safe += '_';
  return safe;
}

void check_namespace(const std::string& name) {
  const char* const taken = has(kTaken, name) || has(kWordsOfC, name) ? "it is a word of the language or of the header"
                            : has(kMacros, name)                      ? "it is a macro"
                            : defined_beside("abort", name.c_str()) || defined_beside("fmod", name.c_str())
                                ? "the C library has a function or variable of that name"
                                : nullptr;
  if (taken != nullptr)
    throw std::invalid_argument("no namespace can be called '" + name + "': " + taken +
                                "; call the object otherwise, fathom_add_bpf(TARGET SOURCE NAME bpf_" + name + ")");
}

}  // namespace fathom::bpf
