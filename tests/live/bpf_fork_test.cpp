// A forked child has copies of all that its parent has, and destroys them: what is the parent's in the kernel stays.

#include "attach_errors.hpp"
#include "cgroup_support.hpp"
#include "held_child.hpp"
#include "local_sockets.hpp"
#include "net_programs.hpp"
#include "probed_functions.hpp"
#include "socket_programs.hpp"

#include <fathom/base/cpu_set.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/cgroup_program.hpp>
#include <fathom/bpf/lwt.hpp>
#include <fathom/bpf/perf_buffer.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/bpf/socket_filter.hpp>
#include <fathom/bpf/struct_ops.hpp>
#include <fathom/bpf/syscall_program.hpp>
#include <fathom/bpf/tc_classifier.hpp>
#include <fathom/bpf/tracepoint.hpp>
#include <fathom/bpf/usdt.hpp>
#include <fathom/bpf/user_ring_buffer.hpp>

#include <gmock/gmock.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fathom-bpf/congestion.bpf.hpp>
#include <fathom-bpf/lwt.bpf.hpp>
#include <fathom-bpf/readers.bpf.hpp>
#include <fathom-bpf/usdt.bpf.hpp>
#include <fstream>
#include <optional>
#include <string>

namespace {

using fathom::BpfLink;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::UniqueFd;
using fathom::live::bound_socket;
using fathom::live::connected_socket;
using fathom::live::HeldChild;
using fathom::live::if_kernel_has;
using fathom::live::in_child;
using fathom::live::port_of;
using fathom::live::receive_datagram;
using fathom::live::send_all;
using fathom::live::TestNetwork;

using BpfFork = fathom::live::BpfTest;

/// Destroys it in a forked child.
template <class Thing>
void destroy_a_copy(std::optional<Thing>& thing) {
  EXPECT_TRUE(in_child([&] {
    thing.reset();
    return true;
  }));
}

LoadedBpf load_readers() {
  BpfObject object = BpfObject::open(readers::object);
  object.variable("target_pid").set<std::int32_t>(::getpid());
  return object.load();
}

std::uint64_t emit(const LoadedBpf& bpf, std::uint32_t count) {
  readers::request request{.first = 0, .count = count, .what = 0, .refused = 99};
  EXPECT_EQ(bpf.program<fathom::SyscallProgram>("emit").run(request), 17U);
  return request.refused;
}

TEST_F(BpfFork, ARingBuffersPositionIsNotSetBack) {
  const LoadedBpf bpf = load_readers();
  std::optional events = bpf.ring_buffer<readers::event>(readers::events);
  const std::size_t fits = events->capacity() / (8 + sizeof(readers::event));
  HeldChild child([&] {  // whose copy is at the beginning
    events.reset();
    return true;
  });
  EXPECT_EQ(emit(bpf, static_cast<std::uint32_t>(fits)), 0U);
  EXPECT_EQ(events->consume([](const readers::event&) {}), fits);
  EXPECT_TRUE(child.run());
  EXPECT_EQ(emit(bpf, static_cast<std::uint32_t>(fits)), 0U);
  EXPECT_EQ(events->consume([](const readers::event&) {}), fits);
  EXPECT_EQ(events->stats().resynchronized, 0U);
}

TEST_F(BpfFork, APerfBufferKeepsItsRings) {
  const LoadedBpf bpf = load_readers();
  std::optional samples = bpf.perf_buffer<readers::event>(readers::samples);
  const auto link = bpf.program<fathom::Tracepoint>("on_getppid").attach();
  destroy_a_copy(samples);
  for (int i = 0; i < 10; ++i)
    ::syscall(SYS_getppid);
  EXPECT_EQ(samples->consume([](unsigned, const readers::event&) {}), 10U);
  EXPECT_EQ(samples->lost(), 0U);
}

// The begin of the first perf ring that is mapped here.
std::byte* first_perf_ring() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find("[perf_event]") != std::string::npos)
      return reinterpret_cast<std::byte*>(std::stoul(line, nullptr, 16));
  return nullptr;
}

// The kernel does not give a child the parent's perf rings: by then something else may be there.
TEST_F(BpfFork, APerfBufferUnmapsNothingThatIsTheChilds) {
  const LoadedBpf bpf = load_readers();
  std::optional samples = bpf.perf_buffer<readers::event>(readers::samples);
  std::byte* const ring = first_perf_ring();
  ASSERT_NE(ring, nullptr);
  EXPECT_TRUE(in_child([&] {
    constexpr std::size_t kSize = 4096;
    void* const own =
        ::mmap(ring, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (own != ring)
      return false;
    samples.reset();
    return ::madvise(own, kSize, MADV_NORMAL) == 0;  // ENOMEM where nothing is mapped
  }));
}

TEST_F(BpfFork, ARecordForProgramsIsNotDiscarded) {
  std::string reason;
  auto buffer = if_kernel_has(
      [] { return fathom::UserRingBuffer::create({.name = "fathom_user", .max_entries = 4096}); }, reason);
  ASSERT_TRUE(buffer) << reason;
  std::optional record = buffer->reserve(8);
  ASSERT_TRUE(*record);
  const auto* const header = reinterpret_cast<const volatile std::uint32_t*>(record->bytes().data() - 8);
  const std::uint32_t before = *header;
  destroy_a_copy(record);
  EXPECT_EQ(*header, before);
  record.reset();
  EXPECT_NE(*header, before);
}

TEST_F(BpfFork, ASocketKeepsItsFilter) {
  const TestNetwork network;
  const UniqueFd receiver = bound_socket(SOCK_DGRAM);
  const UniqueFd sender = connected_socket(SOCK_DGRAM, port_of(receiver));
  const LoadedBpf bpf = fathom::live::load_sockets({"filter"});
  bpf.variable<std::uint32_t>("keep").store(0xffff);
  std::optional<BpfLink> link = bpf.program<fathom::SocketFilter>("filter").attach(receiver.get());
  destroy_a_copy(link);
  send_all(sender, "abc");
  EXPECT_EQ(receive_datagram(receiver), "abc");
  EXPECT_EQ(fathom::live::seen_by(bpf).calls, 1u);
}

TEST_F(BpfFork, ProbesOfUsdtStay) {
  const LoadedBpf bpf = BpfObject::open(usdt::object).load();
  std::optional<BpfLink> link =
      bpf.program<fathom::Usdt>("on_probe")
          .attach({"/proc/self/exe", "fathom", "called"}, {.tasks = fathom::OneProcess{::getpid()}});
  fathom_probed_usdt(1, 1);
  destroy_a_copy(link);
  fathom_probed_usdt(1, 1);
  EXPECT_EQ(bpf.variable<std::uint64_t>("calls").load(), 2u);
}

bool is_congestion_control(std::string_view name) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size())) == 0;
}

TEST_F(BpfFork, AStructOpsTableStays) {
  const LoadedBpf bpf = BpfObject::open(congestion::object).load();
  std::optional<BpfLink> link = bpf.map<fathom::StructOps>("congestion").attach();
  destroy_a_copy(link);
  EXPECT_TRUE(is_congestion_control("fathom_test"));
  link.reset();
  EXPECT_FALSE(is_congestion_control("fathom_test"));
}

TEST_F(BpfFork, ARouteStays) {
  const TestNetwork network;
  BpfObject object = BpfObject::open(lwt::object);
  object.program("on_out").autoload = true;
  const LoadedBpf bpf = object.load();
  std::optional<BpfLink> link = bpf.program<fathom::Lwt>("on_out").attach(
      {.destination = "10.9.0.1/32", .ifindex = TestNetwork::index("lo"), .local = true});
  destroy_a_copy(link);
  const UniqueFd receiver = bound_socket(SOCK_DGRAM, 0, false, "10.9.0.1");
  const UniqueFd sender = connected_socket(SOCK_DGRAM, port_of(receiver), "10.9.0.1");
  ASSERT_TRUE(sender);
  send_all(sender, "routed");
  EXPECT_EQ(receive_datagram(receiver), "routed");
  EXPECT_EQ(bpf.variable<std::uint64_t>("packets").load(), 1u);
}

TEST_F(BpfFork, ACgroupKeepsAProgramWithoutALink) {
  const fathom::live::TestCgroup group("fork");
  const LoadedBpf bpf = fathom::live::load_cgroup_programs({"order_one"});
  std::optional<BpfLink> link = bpf.program(cgroup::order_one).attach_without_link(group.cgroup());
  destroy_a_copy(link);
  EXPECT_EQ(group.cgroup().attached(fathom::BpfAttachType::cgroup_inet_sock_create).size(), 1u);
  link.reset();
  EXPECT_EQ(group.cgroup().attached(fathom::BpfAttachType::cgroup_inet_sock_create).size(), 0u);
}

using BpfForkTc = fathom::live::VethTest;

TEST_F(BpfForkTc, AFilterStaysAndTheClsactToo) {
  const LoadedBpf bpf = fathom::live::load_network({"step_1"});
  const fathom::NetworkDevice device("two");
  std::optional<BpfLink> link = bpf.program(network::step_1).attach(device, fathom::TcDirection::ingress);
  destroy_a_copy(link);
  EXPECT_EQ(fathom::TcClassifier::attached(device, fathom::TcDirection::ingress).size(), 1u);
  // Also where the filter is gone, and only the clsact could be removed.
  EXPECT_TRUE(in_child([&] {
    link->detach();
    return true;
  }));
  EXPECT_TRUE(fathom::TcClassifier::attached(device, fathom::TcDirection::ingress).empty());
  network->remove_clsact("two");  // throws if there is none
}

}  // namespace
