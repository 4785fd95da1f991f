#include "attach_errors.hpp"
#include "net_programs.hpp"

#include <fathom/bpf/tc_classifier.hpp>

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::LoadedBpf;
using fathom::NetworkDevice;
using fathom::TcClassifier;
using fathom::TcDirection;
using fathom::TcFilter;
using fathom::live::error_of;
using fathom::live::frames;
using fathom::live::load_network;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Counts = std::map<unsigned, std::uint64_t>;

struct BpfTc : fathom::live::VethTest {
  [[nodiscard]] bool has_clsact() {
    try {
      network->remove_clsact("two");
      return true;
    } catch (const fathom::Error&) {
      return false;
    }
  }
};

TEST_F(BpfTc, CountsAndDropsInEachDirection) {
  const LoadedBpf bpf = load_network({"on_tc", "on_tc_out"});
  const NetworkDevice device("two");
  BpfLink in = bpf.program(network::on_tc).attach(device, TcDirection::ingress);
  const BpfLink out = bpf.program(network::on_tc_out).attach(device, TcDirection::egress);
  one->send(1, 11);
  one->send(2, 7);
  EXPECT_THAT(two->receive(7), ElementsAre(2, 2, 2, 2, 2, 2, 2));
  two->send(1, 4);
  two->send(3, 5);
  EXPECT_THAT(one->receive(5), ElementsAre(3, 3, 3, 3, 3));
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 7}}));
  EXPECT_EQ(frames(bpf, "seen_out"), (Counts{{1, 4}, {3, 5}}));

  in.detach();
  one->send(1);
  two->send(1);
  EXPECT_THAT(two->receive(1), ElementsAre(1));
  EXPECT_EQ(frames(bpf), (Counts{{1, 11}, {2, 7}}));
  EXPECT_EQ(frames(bpf, "seen_out"), (Counts{{1, 5}, {3, 5}}));
}

TEST_F(BpfTc, TheOlderNamesOfSectionsAreKnown) {
  const LoadedBpf bpf = load_network({"on_classifier", "on_action"});
  const BpfLink link = bpf.program(network::on_classifier).attach(NetworkDevice("two"), TcDirection::ingress);
  one->send(2, 3);
  EXPECT_THAT(two->receive(3), ElementsAre(2, 2, 2));
  EXPECT_EQ(frames(bpf), (Counts{{2, 3}}));
  // Of another type, which tc attaches.
  EXPECT_EQ(bpf.program(network::on_action).type(), fathom::BpfProgramType::sched_act);
  const BpfError error = error_of([&] { (void)TcClassifier(bpf.program("on_action")); });
  EXPECT_EQ(error.cause(), BpfCause::bad_object);
  EXPECT_THAT(error.hint(), HasSubstr("type sched_act, in the section 'action'"));
}

TEST_F(BpfTc, ProgramsRunByPriorityAndTheLatestFirst) {
  const LoadedBpf bpf = load_network({"step_1", "step_2", "step_3"});
  const NetworkDevice device("two");
  const auto step = [&](int number) { return bpf.program<TcClassifier>("step_" + std::to_string(number)); };
  {
    const BpfLink first = step(1).attach(device, TcDirection::ingress, {.priority = 30, .handle = 5});
    const BpfLink second = step(2).attach(device, TcDirection::ingress, {.priority = 10});
    const BpfLink third = step(3).attach(device, TcDirection::ingress, {.priority = 20});
    EXPECT_EQ(order_of_a_frame(bpf), 231u);
    EXPECT_THAT(
        TcClassifier::attached(device, TcDirection::ingress),
        ElementsAre(TcFilter{"bpf", 10, 1, step(2).id(), "step_2"}, TcFilter{"bpf", 20, 1, step(3).id(), "step_3"},
                    TcFilter{"bpf", 30, 5, step(1).id(), "step_1"}));
    EXPECT_THAT(TcClassifier::attached(device, TcDirection::egress), IsEmpty());
  }
  {
    const BpfLink first = step(1).attach(device, TcDirection::ingress);
    const BpfLink second = step(2).attach(device, TcDirection::ingress);
    EXPECT_EQ(order_of_a_frame(bpf), 21u);
    const auto filters = TcClassifier::attached(device, TcDirection::ingress);
    ASSERT_EQ(filters.size(), 2u);
    EXPECT_EQ(filters.back().priority, 49152);
  }
  const BpfLink first = step(1).attach(device, TcDirection::ingress, {.priority = 7});
  const BpfLink second = step(2).attach(device, TcDirection::ingress, {.priority = 7});
  EXPECT_EQ(order_of_a_frame(bpf), 21u);
}

TEST_F(BpfTc, APlaceThatIsTakenNamesWhoHasIt) {
  const LoadedBpf bpf = load_network({"step_1", "step_2"});
  const NetworkDevice device("two");
  const BpfLink link = bpf.program(network::step_1).attach(device, TcDirection::egress, {.priority = 3, .handle = 9});
  const auto again = [&] {
    (void)bpf.program(network::step_2).attach(device, TcDirection::egress, {.priority = 3, .handle = 9});
  };
  const BpfError error = error_of(again);
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
  EXPECT_EQ(error.target(), "the egress of the network device two");
  EXPECT_THAT(error.hint(), HasSubstr("handle 9 of priority 3 is 'step_1' (id "));
  EXPECT_EQ(TcClassifier::attached(device, TcDirection::egress).size(), 1u);
}

TEST_F(BpfTc, TheClsactGoesWithTheLastOfThoseWhoMadeIt) {
  const LoadedBpf bpf = load_network({"step_1", "step_2"});
  const NetworkDevice device("two");
  {
    BpfLink first = bpf.program(network::step_1).attach(device, TcDirection::ingress);
    BpfLink second = bpf.program(network::step_2).attach(device, TcDirection::egress);
    first.detach();  // it made the clsact, and the other still needs it
    EXPECT_EQ(TcClassifier::attached(device, TcDirection::egress).size(), 1u);
    second.detach();
    EXPECT_FALSE(has_clsact());
  }
  network->add_clsact("two");
  {
    const BpfLink link = bpf.program(network::step_1).attach(device, TcDirection::ingress);
  }
  EXPECT_THAT(TcClassifier::attached(device, TcDirection::ingress), IsEmpty());
  EXPECT_TRUE(has_clsact());  // somebody else's
}

TEST_F(BpfTc, WhatBecameOfOthersStays) {
  const LoadedBpf bpf = load_network({"step_1", "step_2"});
  const NetworkDevice device("two");
  const fathom::TcOptions place{.priority = 1, .handle = 1};
  BpfLink link = bpf.program(network::step_1).attach(device, TcDirection::ingress, place);
  network->remove_clsact("two");  // with all filters
  network->add_clsact("two");
  const BpfLink other = bpf.program(network::step_2).attach(device, TcDirection::ingress, place);
  link.detach();
  EXPECT_EQ(order_of_a_frame(bpf), 2u);
}

TEST_F(BpfTc, AClsactThatSomebodyRemovedIsMadeAgain) {
  const LoadedBpf bpf = load_network({"step_1", "step_2"});
  const NetworkDevice device("two");
  BpfLink first = bpf.program(network::step_1).attach(device, TcDirection::ingress);
  network->remove_clsact("two");  // with its filter, and `first` does not know
  {
    const BpfLink second = bpf.program(network::step_2).attach(device, TcDirection::ingress);
    EXPECT_EQ(order_of_a_frame(bpf), 2u);
    first.detach();
    EXPECT_EQ(order_of_a_frame(bpf), 2u);
  }
  EXPECT_FALSE(has_clsact());
}

TEST_F(BpfTc, IsDetachedWhereItWasAttached) {
  const LoadedBpf bpf = load_network({"step_1"});
  const NetworkDevice device("two");
  BpfLink link = bpf.program(network::step_1).attach(device, TcDirection::ingress);
  {
    fathom::live::TestNetwork elsewhere;
    EXPECT_EQ(error_of([] { (void)NetworkDevice("two"); }).cause(), BpfCause::bad_attach_target);
    const BpfError error = error_of([&] { (void)bpf.program(network::step_1).attach(device, TcDirection::ingress); });
    EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
    EXPECT_FALSE(error.hint().empty());
    link.detach();
  }
  EXPECT_THAT(TcClassifier::attached(device, TcDirection::ingress), IsEmpty());
  EXPECT_FALSE(has_clsact());
}

TEST_F(BpfTc, HasNoLink) {
  const LoadedBpf bpf = load_network({"step_1", "step_2"});
  BpfLink link = bpf.program(network::step_1).attach(NetworkDevice("two"), TcDirection::ingress);
  EXPECT_EQ(link.native_handle(), -1);
  EXPECT_EQ(error_of([&] { (void)link.info(); }).cause(), BpfCause::unsupported);
  EXPECT_EQ(error_of([&] { link.pin("/sys/fs/bpf/fathom"); }).cause(), BpfCause::unsupported);
  EXPECT_EQ(error_of([&] { link.update(bpf.program("step_2")); }).cause(), BpfCause::unsupported);
  two.reset();
  network->remove("two");
  link.detach();  // the filter went with the device
}

}  // namespace
