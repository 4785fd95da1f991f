#include "attach_support.hpp"
#include "held_child.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/bpf_iter.hpp>
#include <fathom/bpf/freplace.hpp>
#include <fathom/bpf/perf_event_program.hpp>
#include <fathom/bpf/struct_ops.hpp>
#include <fathom/bpf/syscall_program.hpp>

#include <gmock/gmock.h>

#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <fathom-bpf/congestion.bpf.hpp>
#include <fathom-bpf/replaced.bpf.hpp>
#include <fathom-bpf/replacement.bpf.hpp>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfLink;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::UniqueFd;
using fathom::live::error_of;
using fathom::live::HeldChild;
using fathom::live::if_kernel_has;
using fathom::live::load_only;
using fathom::live::totals_of;
using testing::HasSubstr;

using BpfAttachOther = fathom::live::BpfTest;

std::set<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> found;
  for (std::string line; std::getline(in, line);)
    found.insert(line);
  return found;
}

std::set<std::string> own_threads() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
    found.insert(entry.path().filename().string());
  return found;
}

TEST_F(BpfAttachOther, TaskIteratorListsTheThreads) {
  std::jthread waiting([](const std::stop_token& stop) {
    while (!stop.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  const LoadedBpf bpf = load_only("on_task", ::getpid());
  const auto iter = bpf.program<fathom::BpfIter>("on_task");
  const BpfLink link = iter.attach();
  const auto threads = own_threads();
  EXPECT_GE(threads.size(), 2u);
  EXPECT_EQ(lines(iter.read(link)), threads);
  EXPECT_EQ(lines(iter.read(link)), threads);  // as often as wanted
  EXPECT_EQ(link.info().target_name, "task");

  const BpfLink own = iter.attach(fathom::OneProcess{::getpid()});
  EXPECT_EQ(lines(iter.read(own)), threads);
  const BpfLink one = iter.attach(fathom::Thread{::getpid()});
  EXPECT_EQ(lines(iter.read(one)), std::set<std::string>{std::to_string(::getpid())});
  EXPECT_EQ(error_of([&] { (void)iter.attach(fathom::Thread{0}); }).cause(), BpfCause::bad_attach_target);
  EXPECT_EQ(error_of([&] { (void)iter.attach(bpf.map("numbers")); }).cause(), BpfCause::bad_attach_target);
}

TEST_F(BpfAttachOther, MapIteratorGivesTheElements) {
  const LoadedBpf bpf = load_only("on_element", 0);
  const auto iter = bpf.program<fathom::BpfIter>("on_element");
  const fathom::BpfMap numbers = bpf.map("numbers");
  std::set<std::string> wanted;
  for (std::uint32_t key = 0; key < 8; ++key) {
    const std::uint64_t value = 100 + key;
    ASSERT_EQ(::bpf_map_update_elem(numbers.native_handle(), &key, &value, BPF_ANY), 0);
    wanted.insert(std::to_string(value));
  }
  const BpfLink link = iter.attach(numbers);
  EXPECT_EQ(lines(iter.read(link)), wanted);
  EXPECT_EQ(error_of([&] { (void)iter.attach(); }).cause(), BpfCause::bad_attach_target);  // it needs a map
}

UniqueFd cpu_clock_of(int pid, std::uint64_t period) {
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = period;
  return UniqueFd(static_cast<int>(::syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC)));
}

TEST_F(BpfAttachOther, PerfEventTicksWithTheProcessorTime) {
  // 500 ms of processor time, at a tick every 10: what runs late by more than that is not made up for, and an emulated
  // machine that shares its processor is late most of the time (17 ticks were seen).
  HeldChild child([] {
    timespec now{};
    do {
      ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (now.tv_sec == 0 && now.tv_nsec < 500'000'000);
    return true;
  });
  const LoadedBpf bpf = load_only("on_tick", 0);
  const auto program = bpf.program<fathom::PerfEventProgram>("on_tick");
  struct Event {
    UniqueFd fd;
    [[nodiscard]] int native_handle() const noexcept { return fd.get(); }
  };
  const Event event{cpu_clock_of(child.pid(), 10'000'000)};
  ASSERT_GE(event.native_handle(), 0);
  const BpfLink link = program.attach(event, 2);
  EXPECT_EQ(error_of([&] { (void)program.attach(event); }).cause(), BpfCause::bad_attach_target);  // it has one
  ASSERT_TRUE(child.run());
  const auto totals = totals_of(bpf);
  EXPECT_GE(totals.calls, 8u);
  EXPECT_LE(totals.calls, 51u);
  EXPECT_EQ(totals.cookies, 2 * totals.calls);
  EXPECT_EQ(link.info().type, fathom::BpfLinkType::perf_event);
  // No perf event, and no descriptor.
  for (const int fd : {bpf.map("numbers").native_handle(), -1})
    EXPECT_EQ(error_of([&] { (void)program.attach(fd); }).cause(), BpfCause::bad_attach_target) << fd;
}

TEST_F(BpfAttachOther, SyscallProgramRunsInPlace) {
  const LoadedBpf bpf = load_only("on_syscall", 0);
  struct attach::sum sum{.first = 20, .second = 3, .result = 0};
  EXPECT_EQ(bpf.program<fathom::SyscallProgram>("on_syscall").run(sum), 42u);
  EXPECT_EQ(sum.result, 23);
}

bool takes_congestion_control(const char* name) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name,
                      static_cast<socklen_t>(std::char_traits<char>::length(name))) == 0;
}

TEST_F(BpfAttachOther, StructOpsIsACongestionControl) {
  EXPECT_FALSE(takes_congestion_control("fathom_test"));
  const LoadedBpf bpf = BpfObject::open(congestion::object).load();
  const auto table = bpf.map<fathom::StructOps>("congestion");
  BpfLink link = table.attach();
  EXPECT_TRUE(takes_congestion_control("fathom_test"));
  const BpfError error = error_of([&] { (void)table.attach(); });
  EXPECT_EQ(error.cause(), BpfCause::bad_attach_target) << error.what();
  link.detach();
  EXPECT_FALSE(takes_congestion_control("fathom_test"));
}

int run_xdp(const fathom::BpfProgram& program) {
  std::array<char, 64> packet{};
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.data_in = packet.data();
  options.data_size_in = packet.size();
  return ::bpf_prog_test_run_opts(program.native_handle(), &options) == 0 ? static_cast<int>(options.retval) : -errno;
}

// r0 = 0; exit
fathom::BpfProgram without_btf() {
  std::array<bpf_insn, 2> code{};
  code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
  code[1].code = BPF_JMP | BPF_EXIT;
  const UniqueFd fd(::bpf_prog_load(BPF_PROG_TYPE_XDP, "bare", "GPL", code.data(), code.size(), nullptr));
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  EXPECT_EQ(::bpf_obj_get_info_by_fd(fd.get(), &info, &size), 0);
  return fathom::BpfProgram::from_id(info.id);
}

TEST_F(BpfAttachOther, FreplaceTakesTheFunctionsPlace) {
  const LoadedBpf replaced = BpfObject::open(replaced::object).load();
  const fathom::BpfProgram filter = replaced.program("filter");
  EXPECT_EQ(run_xdp(filter), 32);
  BpfObject object = BpfObject::open(replacement::object);
  object.program("replacement").attach_program = filter;
  std::string reason;
  std::optional<LoadedBpf> bpf = if_kernel_has([&] { return object.load(); }, reason);
  if (!bpf)
    GTEST_SKIP() << reason;
  const auto program = bpf->program<fathom::Freplace>("replacement");
  BpfLink link = program.attach();
  EXPECT_EQ(run_xdp(filter), 37);
  link.detach();
  EXPECT_EQ(run_xdp(filter), 32);
  const BpfLink other = program.attach(filter, "other_verdict");
  EXPECT_EQ(run_xdp(filter), 72);
  const BpfError error = error_of([&] { (void)program.attach(filter, "verdct"); });
  EXPECT_EQ(error.cause(), BpfCause::no_such_function);
  EXPECT_THAT(error.hint(), HasSubstr("verdict"));
  const fathom::BpfProgram bare = without_btf();
  errno = EXDEV;  // of something earlier
  const BpfError none = error_of([&] { (void)program.attach(bare, "verdict"); });
  EXPECT_EQ(none.code().value(), ENOENT);
  EXPECT_THAT(none.hint(), HasSubstr("no BTF"));
}

}  // namespace
