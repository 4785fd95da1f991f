// Not run, but compiled by several compilers in GNU and in strict mode: the header of names that are taken, behind the
// headers whose macros take some of them.
#include <arpa/tftp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fathom-bpf/bpf_kill.bpf.hpp>
#include <fathom-bpf/taken_names.bpf.hpp>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <type_traits>

static_assert(fathom::kRecordFields<taken_names::words>.size() == 58);
static_assert(fathom::kRecordFields<taken_names::words>[9].name == "xor");
static_assert(offsetof(taken_names::words, xor_eq_) == 40);
static_assert(fathom::kRecordFields<taken_names::macros>.size() == 14);
static_assert(std::is_same_v<decltype(taken_names::macros::errno_), std::int32_t>);
static_assert(std::is_same_v<decltype(taken_names::operator_::linux_), std::int32_t>);
static_assert(taken_names::xor_.name == "xor" && taken_names::typeid_.name == "typeid");
static_assert(taken_names::errno_.name.size() == 5 && taken_names::linux_.name.size() == 5);
static_assert(taken_names::wchar_t_.name == "wchar_t" && taken_names::xor_eq_.name == "xor_eq");
static_assert(taken_names::kill.name == "kill" && taken_names::std_.name == "std");
static_assert(bpf_kill::on_kill.name == "on_kill");

// What the names are besides.
int send_nothing(int number) {
  return ::kill(::getpid(), number) == 0 ? 0 : errno;
}
