// RingBuffer against libbpf's ring_buffer__consume on maps that hold the same records, and open, load and attach
// against libbpf's own. Needs CAP_BPF; without it every benchmark says so.
#include "paired_ratio.hpp"

#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/raw_tracepoint.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/bpf/syscall_program.hpp>

#include <benchmark/benchmark.h>

#include <bpf/libbpf.h>

#include <cstdint>
#include <exception>
#include <fathom-bpf/calls.bpf.hpp>
#include <fathom-bpf/readers.bpf.hpp>
#include <memory>

namespace {

using fathom::bench::paired_ratio;

constexpr std::uint32_t kBytes = 1U << 20;
constexpr std::uint32_t kRecords = 20'000;  // less than half of it: poll() holds the room of the last turn

struct Free {
  void operator()(ring_buffer* ring) const { ::ring_buffer__free(ring); }
};

fathom::LoadedBpf load() {
  auto object = fathom::BpfObject::open(readers::object);
  object.map("events").max_entries = kBytes;
  return object.load();
}

// The bytes that a record means: what a program does with it, at the least.
struct Sum {
  std::uint64_t records = 0;
  std::uint64_t numbers = 0;
  void add(const readers::event& event) {
    records += 1;
    numbers += event.number;
  }
  bool operator==(const Sum&) const = default;
};

int add_to_sum(void* sum, void* data, std::size_t size) {
  if (size == sizeof(readers::event))
    static_cast<Sum*>(sum)->add(*static_cast<const readers::event*>(data));
  return 0;
}

/// Each reads a ring of its own; both are filled alike before each turn.
template <class Read>
void against_consume(benchmark::State& state, Read read) {
  try {
    const auto our_bpf = load();
    const auto their_bpf = load();
    const auto our_emit = our_bpf.program<fathom::SyscallProgram>("emit");
    const auto their_emit = their_bpf.program<fathom::SyscallProgram>("emit");
    auto events = our_bpf.ring_buffer<readers::event>("events");
    Sum ours;
    Sum theirs;
    const std::unique_ptr<ring_buffer, Free> ring(
        ::ring_buffer__new(their_bpf.map("events").native_handle(), add_to_sum, &theirs, nullptr));
    if (!ring) {
      state.SkipWithError("ring_buffer__new failed");
      return;
    }
    const auto fill = [](const fathom::SyscallProgram& emit) {
      readers::request request{.first = 0, .count = kRecords, .what = 0, .refused = 0};
      emit.run(request);
    };
    paired_ratio(
        state, [&] { read(events, ours); }, [&] { ::ring_buffer__consume(ring.get()); },
        [&] {
          fill(our_emit);
          fill(their_emit);
        });
    if (ours != theirs || ours.records == 0)
      state.SkipWithError("other records than libbpf's");
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

void consume(benchmark::State& state) {
  against_consume(state,
                  [](auto& events, Sum& sum) { events.consume([&](const readers::event& event) { sum.add(event); }); });
}

void poll(benchmark::State& state) {
  against_consume(state, [](auto& events, Sum& sum) {
    for (const readers::event& event : events.poll())
      sum.add(event);
  });
}

struct Close {
  void operator()(bpf_object* object) const { ::bpf_object__close(object); }
};
struct Detach {
  void operator()(bpf_link* link) const { ::bpf_link__destroy(link); }
};

bool libbpf_open_load_attach() {
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "calls";
  const std::unique_ptr<bpf_object, Close> object(
      ::bpf_object__open_mem(calls::object.bytes.data(), calls::object.bytes.size(), &options));
  if (!object || ::bpf_object__load(object.get()) != 0)
    return false;
  const std::unique_ptr<bpf_link, Detach> link(
      ::bpf_program__attach(::bpf_object__find_program_by_name(object.get(), "on_raw")));
  return link != nullptr;
}

void open_load_attach(benchmark::State& state) {
  try {
    bool attached = true;
    ::libbpf_set_print(nullptr);  // its own calls tell of every section that they skip
    paired_ratio(
        state,
        [] {
          auto object = fathom::BpfObject::open(calls::object);
          const auto bpf = object.load();
          const auto link = bpf.program<fathom::RawTracepoint>("on_raw").attach();
        },
        [&] { attached = libbpf_open_load_attach() && attached; });
    if (!attached)
      state.SkipWithError("libbpf cannot attach");
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

BENCHMARK(consume)->Name("ring_buffer/consume_against_libbpf")->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(poll)->Name("ring_buffer/poll_against_libbpf")->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(open_load_attach)
    ->Name("object/open_load_attach_against_libbpf")
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
