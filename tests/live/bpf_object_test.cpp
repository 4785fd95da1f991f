#include "bpf_support.hpp"

#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_object.hpp>

#include <gmock/gmock.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fathom-bpf/calls.bpf.hpp>
#include <fathom-bpf/refused.bpf.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>

namespace {

using fathom::BpfCause;
using fathom::BpfError;
using fathom::BpfObject;
using fathom::LoadedBpf;
using fathom::live::Worker;
using testing::HasSubstr;

using BpfObjectLive = fathom::live::BpfTest;
using BpfLinkLive = fathom::live::BpfTest;
using BpfErrorLive = fathom::live::BpfTest;
using BpfVariableLive = fathom::live::BpfTest;

constexpr unsigned kCalls = 1234;

LoadedBpf load_for(int pid) {
  BpfObject object = BpfObject::open(calls::object);
  object.variable("target_pid").set<std::int32_t>(pid);
  return object.load();
}

struct calls::total total_of(const LoadedBpf& bpf, int pid) {
  struct calls::total total{};
  EXPECT_EQ(::bpf_map_lookup_elem(bpf.map("totals").native_handle(), &pid, &total), 0);
  return total;
}

/// What the call throws; a failure if it throws nothing.
template <class Call>
BpfError error_of(Call call) {
  try {
    call();
  } catch (const BpfError& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return BpfError({.errno_value = 0, .operation = "fail"});
}

BpfObject refused_with_only(const std::string& program) {
  BpfObject object = BpfObject::open(refused::object);
  object.program(program).autoload = true;
  return object;
}

/// A bpf file system of this test's own, where it can be mounted.
class BpfFileSystem {
 public:
  BpfFileSystem() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fathom-bpffs-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    mounted_ = ::mount("bpf", path_.c_str(), "bpf", 0, nullptr) == 0;
  }
  ~BpfFileSystem() {
    if (mounted_)
      ::umount(path_.c_str());
    std::filesystem::remove(path_);
  }
  BpfFileSystem(const BpfFileSystem&) = delete;
  BpfFileSystem& operator=(const BpfFileSystem&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST_F(BpfObjectLive, CountsAChildsCallsAtATracepointExactly) {
  Worker worker(kCalls);
  const int pid = worker.pid();
  LoadedBpf bpf = load_for(pid);
  const auto on_enter = bpf.program(calls::on_enter);
  static_assert(std::is_same_v<decltype(on_enter), const fathom::Tracepoint>);
  const fathom::BpfLink link = on_enter.attach({.cookie = 0xC00C1E});
  worker.run();
  // The counter begins at `start.calls`, 5.
  EXPECT_EQ(total_of(bpf, pid).calls, 5 + kCalls);
  EXPECT_EQ(total_of(bpf, pid).last_cookie, 0xC00C1EU);
  EXPECT_EQ(link.info().type, fathom::BpfLinkType::perf_event);
  EXPECT_EQ(link.info().program_id, on_enter.id());
}

TEST_F(BpfObjectLive, CountsAtARawAndABtfTracepointExactly) {
  Worker worker(kCalls);
  LoadedBpf bpf = load_for(worker.pid());
  const fathom::BpfLink raw = bpf.program<fathom::RawTracepoint>("on_raw").attach();
  const fathom::BpfLink btf = bpf.program<fathom::BtfTracepoint>("on_btf").attach();
  worker.run();
  EXPECT_EQ(bpf.variable(calls::raw_calls).load(), kCalls);
  EXPECT_EQ(bpf.variable<std::uint64_t>("btf_calls").load(), 7 + kCalls);
  EXPECT_EQ(raw.info().target_name, "sys_enter");
  EXPECT_EQ(btf.info().target_name, "sys_enter");
  EXPECT_EQ(btf.info().type, fathom::BpfLinkType::raw_tracepoint);
}

TEST_F(BpfObjectLive, NothingIsCountedOnceALinkIsGone) {
  Worker worker(kCalls);
  LoadedBpf bpf = load_for(worker.pid());
  {
    const fathom::BpfLink link = bpf.program(calls::on_raw).attach();
  }
  worker.run();
  EXPECT_EQ(bpf.variable(calls::raw_calls).load(), 0U);
}

TEST_F(BpfObjectLive, LoadsAgainWithOtherEdits) {
  BpfObject object = BpfObject::open(calls::object);
  object.map("totals").max_entries = 3;
  object.program("on_btf").autoload = false;
  const LoadedBpf first = object.load();
  object.map("totals").max_entries = 9;
  const LoadedBpf second = object.load();
  EXPECT_EQ(first.map("totals").info().max_entries, 3U);
  EXPECT_EQ(second.map("totals").info().max_entries, 9U);
  EXPECT_NE(first.program("on_raw").id(), second.program("on_raw").id());
  EXPECT_EQ(first.programs().size(), 2U);
  EXPECT_THAT(error_of([&] { (void)first.program("on_btf"); }).what(), HasSubstr("autoload was off"));
}

TEST_F(BpfObjectLive, HandlesOutliveTheLoadedObject) {
  auto bpf = std::make_unique<LoadedBpf>(load_for(::getpid()));
  const fathom::BpfProgram program = bpf->program("on_raw");
  const fathom::BpfMap map = bpf->map("totals");
  const auto raw_calls = bpf->variable(calls::raw_calls);
  const fathom::BpfLink link = bpf->program(calls::on_raw).attach();
  bpf.reset();
  ::getppid();
  EXPECT_EQ(raw_calls.load(), 1U);
  EXPECT_EQ(program.info().name, "on_raw");
  EXPECT_EQ(map.info().value_size, sizeof(struct calls::total));
}

TEST_F(BpfObjectLive, SaysWhatTheKernelKnowsOfPrograms) {
  const LoadedBpf bpf = load_for(::getpid());
  const fathom::BpfProgram program = bpf.program("on_enter");
  const fathom::BpfProgramInfo info = program.info();
  EXPECT_EQ(info.type, fathom::BpfProgramType::tracepoint);
  EXPECT_EQ(info.tag.size(), 16U);
  EXPECT_EQ(info.name, "on_enter");
  EXPECT_EQ(program.section(), "tp/syscalls/sys_enter_getppid");
  EXPECT_EQ(program.attach_target(), "syscalls/sys_enter_getppid");
  EXPECT_THAT(info.map_ids, testing::Contains(bpf.map("totals").id()));
  EXPECT_EQ(fathom::BpfProgram::from_id(info.id).tag(), info.tag);
  EXPECT_EQ(bpf.map("totals").key_layout()->name, "int");
  EXPECT_EQ(bpf.map("totals").value_layout()->members.at(1).name, "last_cookie");
  EXPECT_EQ(bpf.map("calls").record("call")->members.at(3).offset, 16U);
}

TEST_F(BpfObjectLive, KeepsTheVerifiersLogOfALoadThatWentWell) {
  BpfObject object = BpfObject::open(calls::object);
  object.program("on_raw").log_level = 2;
  const LoadedBpf bpf = object.load();
  EXPECT_THAT(bpf.program("on_raw").verifier_log(), HasSubstr("processed "));
  EXPECT_EQ(bpf.program("on_btf").verifier_log(), "");
}

TEST_F(BpfVariableLive, ReadsAndWritesWhatProgramsUse) {
  LoadedBpf bpf = load_for(::getpid());
  const auto btf_calls = bpf.variable(calls::btf_calls);
  EXPECT_EQ(btf_calls.load(), 7U);
  btf_calls.store(100);
  EXPECT_EQ(btf_calls.fetch_add(1), 100U);
  const fathom::BpfLink link = bpf.program(calls::on_btf).attach();
  ::getppid();
  EXPECT_EQ(btf_calls.load(), 102U);
  EXPECT_EQ(bpf.variable(calls::flags).get()[2], 3);
  EXPECT_EQ(bpf.variable(calls::start).get().calls, 5U);
}

TEST_F(BpfVariableLive, RefusesWhatDoesNotFit) {
  LoadedBpf bpf = load_for(::getpid());
  EXPECT_THAT(error_of([&] { (void)bpf.variable<int>("btf_calls"); }).what(),
              HasSubstr("__u64 of 8 bytes, the C++ type has 4"));
  EXPECT_THAT(error_of([&] { (void)bpf.variable<int>("target_pid"); }).what(), HasSubstr("cannot be written"));
  EXPECT_THAT(error_of([&] { (void)bpf.variable<int>("target_pit"); }).what(), HasSubstr("nearest: target_pid"));
}

TEST_F(BpfLinkLive, StaysAttachedAsLongAsItIsPinned) {
  const BpfFileSystem files;
  if (!files.mounted())
    GTEST_SKIP() << "no bpf file system can be mounted here";
  LoadedBpf bpf = load_for(::getpid());
  const auto count = bpf.variable(calls::raw_calls);
  {
    fathom::BpfLink link = bpf.program(calls::on_raw).attach();
    link.pin(files.file("link"));
  }
  ::getppid();
  EXPECT_EQ(count.load(), 1U);
  fathom::BpfLink again = fathom::BpfLink::open_pinned(files.file("link"));
  EXPECT_EQ(again.info().target_name, "sys_enter");
  again.unpin();
  again.detach();
  EXPECT_FALSE(again);
  ::getppid();
  EXPECT_EQ(count.load(), 1U);
}

TEST_F(BpfLinkLive, APinnedTracepointGoesOnToo) {
  const BpfFileSystem files;
  if (!files.mounted())
    GTEST_SKIP() << "no bpf file system can be mounted here";
  LoadedBpf bpf = load_for(::getpid());
  {
    fathom::BpfLink link = bpf.program(calls::on_enter).attach();
    link.pin(files.file("link"));
  }
  ::getppid();
  EXPECT_EQ(total_of(bpf, ::getpid()).calls, 6U);
  fathom::BpfLink::open_pinned(files.file("link")).detach();
  EXPECT_FALSE(std::filesystem::exists(files.file("link")));
}

TEST_F(BpfLinkLive, DetachRemovesEveryPin) {
  const BpfFileSystem files;
  if (!files.mounted())
    GTEST_SKIP() << "no bpf file system can be mounted here";
  LoadedBpf bpf = load_for(::getpid());
  const auto count = bpf.variable(calls::raw_calls);
  fathom::BpfLink link = bpf.program(calls::on_raw).attach();
  for (const char* name : {"first", "second", "third"})
    link.pin(files.file(name));
  EXPECT_EQ(link.pin_path(), files.file("third"));
  link.unpin();
  EXPECT_FALSE(std::filesystem::exists(files.file("third")));
  EXPECT_EQ(link.pin_path(), files.file("second"));
  link.pin(files.file("fourth"));
  ASSERT_TRUE(std::filesystem::remove(files.file("fourth")));  // as another process may
  link.detach();
  EXPECT_FALSE(link);
  ::getppid();
  EXPECT_EQ(count.load(), 0U);
  EXPECT_FALSE(std::filesystem::exists(files.file("first")));
  EXPECT_FALSE(std::filesystem::exists(files.file("second")));
}

TEST_F(BpfLinkLive, APinOfAnotherKindIsRefused) {
  const BpfFileSystem files;
  if (!files.mounted())
    GTEST_SKIP() << "no bpf file system can be mounted here";
  const LoadedBpf bpf = load_for(::getpid());
  fathom::BpfLink link = bpf.program(calls::on_raw).attach();
  link.pin(files.file("link"));
  bpf.program("on_raw").pin(files.file("program"));
  bpf.map("totals").pin(files.file("map"));
  const auto told = [&](const char* name, auto open) {
    const BpfError error = error_of([&] { open(files.file(name)); });
    EXPECT_EQ(error.cause(), BpfCause::bad_object);
    EXPECT_THAT(error.what(), HasSubstr(files.file(name)));
    return error.hint();
  };
  const auto as_link = [](const std::string& path) { (void)fathom::BpfLink::open_pinned(path); };
  const auto as_program = [](const std::string& path) { (void)fathom::BpfProgram::open_pinned(path); };
  const auto as_map = [](const std::string& path) { (void)fathom::BpfMap::open_pinned(path); };
  EXPECT_EQ(told("program", as_link), "it holds a program, not a link");
  EXPECT_EQ(told("map", as_link), "it holds a map, not a link");
  EXPECT_EQ(told("link", as_program), "it holds a link, not a program");
  EXPECT_EQ(told("map", as_program), "it holds a map, not a program");
  EXPECT_EQ(told("link", as_map), "it holds a link, not a map");
  EXPECT_EQ(told("program", as_map), "it holds a program, not a map");
}

TEST_F(BpfLinkLive, ProgramsAndMapsArePinnedAndReused) {
  const BpfFileSystem files;
  if (!files.mounted())
    GTEST_SKIP() << "no bpf file system can be mounted here";
  BpfObject object = BpfObject::open(calls::object);
  object.map("totals").pin_path = files.file("totals");
  const LoadedBpf first = object.load();
  const LoadedBpf second = object.load();
  EXPECT_EQ(first.map("totals").id(), second.map("totals").id());
  BpfObject third = BpfObject::open(calls::object);
  third.map("totals").reuse = fathom::BpfMap::open_pinned(files.file("totals"));
  EXPECT_EQ(third.load().map("totals").id(), first.map("totals").id());
  first.map("totals").unpin(files.file("totals"));
  first.program("on_raw").pin(files.file("program"));
  EXPECT_EQ(fathom::BpfProgram::open_pinned(files.file("program")).tag(), first.program("on_raw").tag());
  first.program("on_raw").unpin(files.file("program"));
  EXPECT_THAT(error_of([&] { first.map("totals").pin("/tmp/fathom-no-bpffs"); }).what(),
              HasSubstr("must be in a bpf file system"));
}

TEST_F(BpfErrorLive, AProgramOfAnotherKindIsRefusedBeforeTheKernelSeesIt) {
  const LoadedBpf bpf = load_for(::getpid());
  const BpfError error = error_of([&] { (void)bpf.program<fathom::Tracepoint>("on_raw"); });
  EXPECT_EQ(error.cause(), BpfCause::bad_object);
  EXPECT_STREQ(error.what(),
               "cannot use as a tracepoint program on_raw of calls: Invalid argument (it is of type raw_tracepoint, in "
               "the section 'raw_tp/sys_enter')");
}

TEST_F(BpfErrorLive, TheVerifiersReasonIsTold) {
  const BpfError error = error_of([] { (void)refused_with_only("no_null_check").load(); });
  EXPECT_EQ(error.cause(), BpfCause::verifier);
  EXPECT_EQ(error.name(), "no_null_check");
  EXPECT_EQ(error.code(), std::errc::permission_denied);
  EXPECT_THAT(error.what(), HasSubstr("(R0 invalid mem access 'map_value_or_null')"));
  EXPECT_THAT(error.summary(), HasSubstr("*value"));
  EXPECT_THAT(error.log(), HasSubstr("processed "));
}

TEST_F(BpfErrorLive, ALogOfManyMegabytesIsWhole) {
  BpfObject object = refused_with_only("long_loop");
  object.program("long_loop").log_level = 2;
  const BpfError error = error_of([&] { (void)object.load(); });
  EXPECT_EQ(error.cause(), BpfCause::verifier);
  EXPECT_GT(error.log().size(), 10'000'000U);
  EXPECT_THAT(error.summary(), HasSubstr("R0 invalid mem access"));
  EXPECT_THAT(error.log().substr(0, 300), HasSubstr("0: "));  // from the start: nothing was cut
}

TEST_F(BpfErrorLive, ANameThatTheKernelDoesNotKnowGetsTheNearest) {
  const BpfError load = error_of([] { (void)refused_with_only("misspelt_tracepoint").load(); });
  EXPECT_EQ(load.cause(), BpfCause::no_such_function);
  EXPECT_THAT(load.hint(), HasSubstr("nearest: sched_switch"));

  const LoadedBpf bpf = load_for(::getpid());
  const BpfError attach = error_of([&] { (void)bpf.program(calls::on_enter).attach("syscalls", "sys_enter_getpid_"); });
  EXPECT_EQ(attach.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(attach.hint(), HasSubstr("syscalls:sys_enter_getpid"));
  const BpfError raw = error_of([&] { (void)bpf.program(calls::on_raw).attach("sched_swich"); });
  EXPECT_EQ(raw.cause(), BpfCause::bad_attach_target);
  EXPECT_THAT(raw.hint(), HasSubstr("sched_switch"));
}

TEST_F(BpfErrorLive, AnUnknownSectionIsNamedAtLoad) {
  const BpfError error = error_of([] { (void)refused_with_only("unknown_section").load(); });
  EXPECT_EQ(error.cause(), BpfCause::bad_object);
  EXPECT_THAT(error.hint(), HasSubstr("nearest: tracepoint"));
  BpfObject told = refused_with_only("unknown_section");
  told.program("unknown_section").type = fathom::BpfProgramType::tracepoint;
  EXPECT_EQ(told.load().programs().size(), 1U);
}

TEST_F(BpfErrorLive, AMapThatIsTooLargeIsToldWithItsSize) {
  BpfObject object = BpfObject::open(calls::object);
  object.map("totals").max_entries = 0xF0000000;
  object.map("totals").value_size = 1 << 20;
  const BpfError error = error_of([&] { (void)object.load(); });
  EXPECT_EQ(error.cause(), BpfCause::resource);
  EXPECT_EQ(error.name(), "totals");
  EXPECT_THAT(error.hint(), HasSubstr("value 1048576 bytes, 4026531840 entries"));
}

TEST_F(BpfErrorLive, AMapTypeThatTheKernelLacksIsUnsupported) {
  BpfObject object = BpfObject::open(calls::object);
  object.map("calls").type = static_cast<fathom::BpfMapType>(4000);
  const BpfError error = error_of([&] { (void)object.load(); });
  EXPECT_EQ(error.cause(), BpfCause::unsupported);
  EXPECT_THAT(error.hint(), HasSubstr("no maps of type number 4000"));
}

TEST_F(BpfErrorLive, WithoutCapabilitiesTheHintNamesThem) {
  EXPECT_TRUE(fathom::live::in_child([] {
    if (::setresuid(65534, 65534, 65534) != 0)
      return false;
    try {
      (void)load_for(1);
    } catch (const BpfError& error) {
      const std::string what = error.what();
      return error.cause() == BpfCause::denied && what.find("CAP_BPF") != std::string::npos &&
             what.find("unprivileged_bpf_disabled") != std::string::npos && what.find("ulimit") == std::string::npos;
    }
    return false;
  }));
}

TEST_F(BpfErrorLive, WhatALockedDownKernelRefusesIsDenied) {
  try {
    EXPECT_EQ(refused_with_only("on_vfs_read").load().programs().size(), 1U);  // a kernel that is not locked down
  } catch (const BpfError& error) {
    EXPECT_EQ(error.cause(), BpfCause::denied) << error.what();
    EXPECT_THAT(error.hint(), HasSubstr("this thread has the capabilities"));
    EXPECT_EQ(error.log(), "");
  }
}

int lines_of_the_program = 0;

int count_lines(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) {
  ++lines_of_the_program;
  return 0;
}

// The program's own callback, set before the library is used for the first time.
[[maybe_unused]] const libbpf_print_fn_t kBefore = libbpf_set_print(count_lines);

// libbpf says something at this call: the path does not exist.
void make_libbpf_speak() {
  bpf_object_open_opts options{};
  options.sz = sizeof(options);
  bpf_object__close(bpf_object__open_file("/nonexistent/fathom.bpf.o", &options));
}

TEST_F(BpfErrorLive, APrintCallbackSetBeforeHearsTheProgramsLinesAndNotOurs) {
  lines_of_the_program = 0;
  const BpfError error = error_of([] { (void)refused_with_only("no_null_check").load(); });
  EXPECT_EQ(lines_of_the_program, 0);
  EXPECT_THAT(error.messages(), HasSubstr("prog 'no_null_check'"));
  make_libbpf_speak();
  EXPECT_GT(lines_of_the_program, 0);
}

TEST_F(BpfErrorLive, APrintCallbackSetAfterwardsWorksToo) {
  EXPECT_TRUE(fathom::live::in_child([] {  // since it stays
    (void)refused_with_only("harmless").load();
    libbpf_set_print(count_lines);
    lines_of_the_program = 0;
    make_libbpf_speak();
    return lines_of_the_program > 0 &&
           error_of([] { (void)refused_with_only("no_null_check").load(); }).cause() == BpfCause::verifier;
  }));
}

}  // namespace
