#include "attach_errors.hpp"
#include "net_programs.hpp"

#include <fathom/bpf/test_run.hpp>

#include <gmock/gmock.h>

#include <linux/bpf.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <map>
#include <span>

namespace {

using fathom::LoadedBpf;
using fathom::live::error_of;
using fathom::live::frames;
using fathom::live::load_network;
using fathom::live::PacketSocket;

using BpfPacketRun = fathom::live::BpfTest;
using Counts = std::map<unsigned, std::uint64_t>;
using Packet = std::array<std::byte, 64>;

Packet packet_of(std::uint8_t mark) {
  Packet packet{};
  packet[12] = std::byte{PacketSocket::kEtherType >> 8};
  packet[13] = std::byte{PacketSocket::kEtherType & 0xff};
  packet[14] = std::byte{mark};
  return packet;
}

template <class T>
std::span<const std::byte> bytes(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

TEST_F(BpfPacketRun, XdpGivesItsVerdictAndRepeats) {
  const LoadedBpf bpf = load_network({"on_xdp"});
  const auto program = bpf.program("on_xdp");
  EXPECT_EQ(fathom::test_run(program, {.data = packet_of(1)}).return_value, std::uint32_t{XDP_DROP});
  EXPECT_EQ(fathom::test_run(program, {.data = packet_of(2)}).return_value, std::uint32_t{XDP_PASS});
  const auto result = fathom::test_run(program, {.data = packet_of(3), .repeat = 1000});
  EXPECT_EQ(result.return_value, std::uint32_t{XDP_TX});
  EXPECT_LT(result.duration, std::chrono::milliseconds(1));  // of one
  EXPECT_EQ(frames(bpf), (Counts{{1, 1}, {2, 1}, {3, 1000}}));
  // Less than an Ethernet header.
  const Packet packet = packet_of(1);
  const auto error = error_of([&] { (void)fathom::test_run(program, {.data = std::span(packet).first(13)}); });
  EXPECT_EQ(error.code().value(), EINVAL);
}

TEST_F(BpfPacketRun, XdpGetsAContextAndChangesThePacket) {
  const LoadedBpf bpf = load_network({"on_context"});
  Packet packet = packet_of(0);
  const std::uint32_t meta = 42;
  std::memcpy(packet.data(), &meta, sizeof meta);  // what stands before the packet, as the context says
  xdp_md context{};
  context.data = sizeof meta;
  context.data_end = packet.size();
  context.ingress_ifindex = 1;
  xdp_md context_out{};
  Packet out{};
  const auto result =
      fathom::test_run(bpf.program("on_context"), {.data = packet,
                                                   .data_out = out,
                                                   .context = bytes(context),
                                                   .context_out = std::as_writable_bytes(std::span(&context_out, 1))});
  EXPECT_EQ(result.return_value, 1042u);
  EXPECT_EQ(result.data_size, packet.size() - 10);
  EXPECT_EQ(result.context_size, sizeof context);
  EXPECT_EQ(context_out.data_end, packet.size() - 10);
  EXPECT_EQ(context_out.ingress_ifindex, 1u);
  EXPECT_EQ(out[16], packet[16]);

  // Room for a part of the packet.
  std::array<std::byte, 20> part{};
  const auto cut = fathom::test_run(bpf.program("on_context"), {.data = packet, .data_out = part});
  EXPECT_EQ(cut.data_size, packet.size() - 10);
  EXPECT_EQ(cut.return_value, 0u + 1000);  // no metadata, and the loopback of this thread's namespace
}

TEST_F(BpfPacketRun, ClassifiersGetASocketBuffer) {
  const LoadedBpf bpf = load_network({"on_skb_context"});
  const Packet packet = packet_of(0);
  __sk_buff context{};
  context.mark = 30;
  context.priority = 4;
  context.cb[0] = 21;
  __sk_buff context_out{};
  Packet out{};
  const auto result = fathom::test_run(bpf.program("on_skb_context"),
                                       {.data = packet,
                                        .data_out = out,
                                        .context = bytes(context),
                                        .context_out = std::as_writable_bytes(std::span(&context_out, 1)),
                                        .repeat = 3});
  EXPECT_EQ(result.return_value, 34u);
  EXPECT_EQ(result.data_size, packet.size());
  EXPECT_EQ(out[0], std::byte{0xaa});
  EXPECT_EQ(out[13], packet[13]);
  EXPECT_EQ(context_out.cb[1], 42u);
  EXPECT_EQ(context_out.mark, 30u);
  // What the kernel does not take from a caller.
  context.hash = 1;
  EXPECT_EQ(error_of([&] {
              (void)fathom::test_run(bpf.program("on_skb_context"), {.data = packet, .context = bytes(context)});
            })
                .code()
                .value(),
            EINVAL);
}

}  // namespace
