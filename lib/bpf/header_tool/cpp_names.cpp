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

// Macros without arguments that look like ordinary names: those of the compiler in GNU mode, and those of glibc 2.36's
// headers of the network, of signals, files and processes.
constexpr auto kMacros = std::to_array<std::string_view>({
    "arp_hln",
    "arp_hrd",
    "arp_op",
    "arp_pln",
    "arp_pro",
    "d_fileno",
    "dq_bhardlimit",
    "dq_bsoftlimit",
    "dq_btime",
    "dq_curinodes",
    "dq_curspace",
    "dq_ihardlimit",
    "dq_isoftlimit",
    "dq_itime",
    "dq_valid",
    "errno",
    "h_addr",
    "h_errno",
    "icmp6_data16",
    "icmp6_data32",
    "icmp6_data8",
    "icmp6_id",
    "icmp6_maxdelay",
    "icmp6_mtu",
    "icmp6_pptr",
    "icmp6_seq",
    "icmp_data",
    "icmp_gwaddr",
    "icmp_id",
    "icmp_ip",
    "icmp_lifetime",
    "icmp_mask",
    "icmp_nextmtu",
    "icmp_num_addrs",
    "icmp_otime",
    "icmp_pmvoid",
    "icmp_pptr",
    "icmp_radv",
    "icmp_rtime",
    "icmp_seq",
    "icmp_ttime",
    "icmp_void",
    "icmp_wpa",
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
    "ip6_flow",
    "ip6_hlim",
    "ip6_hops",
    "ip6_nxt",
    "ip6_plen",
    "ip6_vfc",
    "linux",
    "math_errhandling",
    "mld_cksum",
    "mld_code",
    "mld_maxdelay",
    "mld_reserved",
    "mld_type",
    "msg_cbytes",
    "nd_na_cksum",
    "nd_na_code",
    "nd_na_flags_reserved",
    "nd_na_type",
    "nd_ns_cksum",
    "nd_ns_code",
    "nd_ns_reserved",
    "nd_ns_type",
    "nd_ra_cksum",
    "nd_ra_code",
    "nd_ra_curhoplimit",
    "nd_ra_flags_reserved",
    "nd_ra_router_lifetime",
    "nd_ra_type",
    "nd_rd_cksum",
    "nd_rd_code",
    "nd_rd_reserved",
    "nd_rd_type",
    "nd_rs_cksum",
    "nd_rs_code",
    "nd_rs_reserved",
    "nd_rs_type",
    "rr_cksum",
    "rr_code",
    "rr_seqnum",
    "rr_type",
    "rt_mss",
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
    "sigev_notify_attributes",
    "sigev_notify_function",
    "st_atime",
    "st_ctime",
    "st_mtime",
    "th_block",
    "th_code",
    "th_data",
    "th_msg",
    "th_stuff",
    "unix",
    "ut_addr",
    "ut_name",
    "ut_time",
    "ut_xtime",
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
