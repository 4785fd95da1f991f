#include "bpf_support.hpp"
#include "net_support.hpp"
#include "socket_programs.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/flow_dissector.hpp>
#include <fathom/bpf/lwt.hpp>
#include <fathom/bpf/netfilter.hpp>
#include <fathom/bpf/sk_lookup.hpp>
#include <fathom/bpf/sk_msg.hpp>
#include <fathom/bpf/sock_map.hpp>
#include <fathom/bpf/struct_ops.hpp>

#include <unistd.h>

#include <fathom-bpf/congestion_link.bpf.hpp>
#include <fathom-bpf/lwt.bpf.hpp>
#include <fathom-bpf/netfilter.bpf.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

namespace {

using fathom::BpfAttachKind;
using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfFeatures;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::BpfSupport;
using fathom::LoadedBpf;
using fathom::live::load_sockets;
using fathom::live::TestNetwork;

using BpfSocketFeatures = fathom::live::BpfTest;

LoadedBpf load_one(BpfObject object, const char* program) {
  object.program(program).autoload = true;
  return object.load();
}

BpfLink attach_to_route(const char* program) {
  return load_one(BpfObject::open(lwt::object), program)
      .program<fathom::Lwt>(program)
      .attach({.destination = "10.9.0.1/32", .ifindex = TestNetwork::index("lo"), .local = true});
}

const struct {
  BpfAttachKind kind;
  const char* name;
  std::function<BpfLink()> attach;
} kKinds[] = {
    {BpfAttachKind::flow_dissector, "flow_dissector",
     [] { return load_sockets({"dissect"}).program<fathom::FlowDissector>("dissect").attach(); }},
    {BpfAttachKind::sk_lookup, "sk_lookup",
     [] { return load_sockets({"steer"}).program<fathom::SkLookup>("steer").attach(); }},
    {BpfAttachKind::sockmap, "sockmap",
     [] {
       const LoadedBpf bpf = load_sockets({"drop_written"});
       return bpf.program<fathom::SkMsg>("drop_written").attach(bpf.map<fathom::SockMap>("peers"));
     }},
    {BpfAttachKind::netfilter, "netfilter",
     [] {
       return load_one(BpfObject::open(netfilter::object), "guard")
           .program<fathom::Netfilter>("guard")
           .attach({.hook = fathom::NetfilterHook::local_in});
     }},
    {BpfAttachKind::struct_ops_link, "struct_ops_link",
     [] { return BpfObject::open(congestion_link::object).load().map<fathom::StructOps>("first").attach(); }},
    {BpfAttachKind::lwt, "lwt", [] { return attach_to_route("on_xmit"); }},
    {BpfAttachKind::lwt_seg6local, "lwt_seg6local",
     [] {
       return load_one(BpfObject::open(lwt::object), "on_segment")
           .program<fathom::LwtSeg6Local>("on_segment")
           .attach({.destination = "fc00::6/128", .ifindex = TestNetwork::index("left")});
     }},
};

// Whether it is attached, and for maps of sockets, whether by a link.
BpfSupport by_attaching(BpfAttachKind kind, const std::function<BpfLink()>& attach, std::string& what) {
  try {
    const BpfLink link = attach();
    return kind == BpfAttachKind::sockmap && link.native_handle() < 0 ? BpfSupport::no : BpfSupport::yes;
  } catch (const BpfError& error) {
    what = error.what();
    return error.cause() == BpfCause::denied        ? BpfSupport::denied
           : error.cause() == BpfCause::unsupported ? BpfSupport::no
                                                    : BpfSupport::unknown;
  }
}

TEST_F(BpfSocketFeatures, AttachingAgreesWithTheProbe) {
  TestNetwork network;
  network.add_veth("left", "right");
  const BpfFeatures features;
  for (const auto& kind : kKinds) {
    std::string what;
    const BpfSupport seen = by_attaching(kind.kind, kind.attach, what);
    EXPECT_EQ(to_string(features.attach(kind.kind)), to_string(seen)) << kind.name << ' ' << what;
    EXPECT_NE(seen, BpfSupport::unknown) << kind.name << ' ' << what;
  }
}

// Where links and routes are already, they are as good afterwards, and the answer is the same.
TEST_F(BpfSocketFeatures, WhatIsThereStays) {
  const auto text_of = [](const char* path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  TestNetwork network;
  network.add_veth("left", "right");
  const BpfFeatures features;
  const BpfLink lookup = load_sockets({"steer"}).program<fathom::SkLookup>("steer").attach();
  const BpfLink dissector = load_sockets({"dissect"}).program<fathom::FlowDissector>("dissect").attach();
  const BpfLink route = load_one(BpfObject::open(lwt::object), "on_xmit")
                            .program<fathom::Lwt>("on_xmit")
                            .attach({.destination = "0.0.0.0/0", .ifindex = TestNetwork::index("left")});
  const BpfLink narrow = load_one(BpfObject::open(lwt::object), "on_xmit")
                             .program<fathom::Lwt>("on_xmit")
                             .attach({.destination = "0.0.0.0/32", .ifindex = TestNetwork::index("left")});
  const std::string routes = text_of("/proc/thread-self/net/route");
  EXPECT_NE(routes.find("left\t00000000"), std::string::npos) << routes;
  for (const auto& kind :
       {BpfAttachKind::lwt, BpfAttachKind::lwt_seg6local, BpfAttachKind::sk_lookup, BpfAttachKind::flow_dissector})
    EXPECT_EQ(features.attach(kind), BpfSupport::yes) << static_cast<int>(kind);
  EXPECT_EQ(text_of("/proc/thread-self/net/route"), routes);
  EXPECT_EQ(lookup.info().type, fathom::BpfLinkType::netns);
  EXPECT_EQ(dissector.info().type, fathom::BpfLinkType::netns);
}

TEST_F(BpfSocketFeatures, WithoutRightsEverythingIsDenied) {
  const BpfFeatures features;
  EXPECT_TRUE(fathom::live::in_child([&] {
    if (::setresuid(65534, 65534, 65534) != 0)
      return false;
    for (const auto& kind : kKinds) {
      const BpfSupport support = features.attach(kind.kind);
      // A program type that the kernel does not have may be looked for first.
      if (support != BpfSupport::denied && support != BpfSupport::no)
        return false;
    }
    return features.attach(BpfAttachKind::lwt) == BpfSupport::denied &&
           features.attach(BpfAttachKind::sk_lookup) == BpfSupport::denied;
  }));
}

}  // namespace
