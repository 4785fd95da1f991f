#include "interrupt_entry.hpp"
#include "saturate.hpp"

#include <fathom/graph/call_forest.hpp>

#include <algorithm>
#include <deque>
#include <limits>
#include <unordered_map>
#include <vector>

namespace fathom {

namespace {

using detail::CallIndex;
using detail::CallNode;
using detail::CallStore;
using detail::kNoCall;
using detail::kUnknownCpu;

constexpr std::int64_t kUnknownPid = std::numeric_limits<std::int64_t>::min();  // no pid is this
constexpr std::uint32_t kDirectCpus = 8192;  // the kernel's own limit on x86 and arm64
constexpr std::uint32_t kMaxNodeDepth = std::numeric_limits<std::uint16_t>::max();
constexpr std::string_view kForgottenComm = "<...>";

template <class... Marks>
constexpr std::uint8_t bits(Marks... marks) noexcept {
  return static_cast<std::uint8_t>((static_cast<unsigned>(marks) | ...));
}

// How many decimal digits the source cut, so that a byte holds it.
std::uint8_t cut_digits(Duration precision) noexcept {
  std::uint8_t digits = 0;
  for (Duration::rep unit = 1; unit < precision.count() && digits < CallNode::kPrecisionDigits; unit *= 10)
    ++digits;
  return digits;
}

// A call that was entered and has not returned. The bottom frame stands for the space between roots.
struct Frame {
  std::int64_t depth = -1;   // of the bottom frame: above all
  CallIndex node = kNoCall;  // none for the bottom frame, and for a call beyond the limit
  CallIndex last_child = kNoCall;
  std::uint32_t first_run = 0;                // the runs from here on in Stack::runs are its own
  FunctionId function = FunctionId::unknown;  // the node's, which may be far away when the call returns
  Duration children_time{0};
};

// Children at the end of a frame's list whose caller was not seen, from `first` on, none of them less deep than
// `depth`. The runs of a frame get deeper and deeper, so a late exit finds the calls deeper than itself by taking runs
// off the end.
struct OrphanRun {
  std::uint32_t depth;
  CallIndex first;
  CallIndex before;  // the child before `first`
};

struct Cpu;

struct Stack {
  std::uint32_t tree = 0;  // its place in CallStore::trees
  std::int64_t pid = kUnknownPid;
  std::vector<Frame> frames{Frame{}};
  std::vector<OrphanRun> runs;
  std::uint64_t losses_seen = 0;       // of all losses
  std::uint64_t idle_losses_seen = 0;  // of those that concern an idle task's processor
  const Cpu* idle_cpu = nullptr;       // whose idle task it is
  const Cpu* last_cpu = nullptr;       // of its last line
  bool ran = false;                    // since the recording began

  // Those from there on: calls that come now are not called by who called these.
  void drop_runs(std::size_t first) {
    if (!runs.empty() && runs.size() > first) [[unlikely]]
      runs.resize(first);
  }
};

struct Cpu {
  std::uint32_t number = kUnknownCpu;
  Stack* current = nullptr;  // what its lines belong to
  Stack* unknown = nullptr;  // of its lines without a task
  Stack* idle = nullptr;
  std::uint64_t losses = 0;
};

}  // namespace

class CallForest::Builder {
 public:
  Builder(CallStore& store, const CallForestOptions& options) : store_(store), options_(options) {}

  void enter(const GraphEntry& entry);
  void leave(const GraphExit& exit);
  void change(const TaskChange& change);
  void lose(const Loss& loss);
  void comment(const GraphComment& comment);
  void finish();

  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] std::size_t allocated_bytes() const noexcept;

 private:
  Cpu& cpu_of(std::uint32_t number);
  Cpu& find_cpu(std::uint32_t number);
  Stack& add_stack(std::int64_t pid, std::string_view comm, const Cpu& cpu);
  void run(Cpu& cpu, Stack& stack);
  Stack*& place_of(std::int32_t pid, Cpu& cpu);
  Stack& stack_of_task(const Task& task, Cpu& cpu);
  void name_unknown(Cpu& cpu, const Task& task);
  Stack& stack_of(const EventContext& context);
  void run_stack_of(const EventContext& context, Cpu& cpu);
  void note_losses(Stack& stack);
  [[nodiscard]] std::uint64_t idle_losses(const Stack& stack) const noexcept;

  CallIndex add_call(Stack& stack, FunctionId function, std::uint32_t depth, std::uint8_t marks,
                     const EventContext& context);
  void link(Stack& stack, Frame& frame, CallIndex call);
  void place(Stack& stack, CallIndex call, std::uint32_t depth);
  void add_orphan(Stack& stack, OrphanRun run);
  void cut(Stack& stack);
  void late(Stack& stack, const GraphExit& exit, std::uint8_t marks, bool adopt);
  void adopt_orphans(Stack& stack, CallIndex call, std::uint32_t depth);
  void set_exit(Stack& stack, CallIndex call, const GraphExit& exit);
  void check_interrupted_exit(CallIndex call);
  detail::CallDetail& detail_of(CallIndex call);
  void mark(CallIndex call, CallMark what) noexcept {
    if (call != kNoCall)
      store_.nodes[call].marks |= bits(what);
  }

  CallStore& store_;
  CallForestOptions options_;
  std::deque<Stack> stacks_;  // one a tree; they stay where they are, as the processors do
  std::deque<Cpu> cpus_;
  Cpu* last_cpu_ = nullptr;
  std::vector<Stack*> ran_;                                // in this recording; only these can have something open
  std::vector<Cpu*> running_;                              // those whose task is known
  std::vector<Cpu*> direct_cpus_;                          // by number
  std::unordered_map<std::uint32_t, Cpu*> other_cpus_;     // of numbers that no machine has
  std::unordered_map<std::int32_t, Stack*> stack_of_pid_;  // but for idle tasks
  std::uint64_t losses_ = 0;
  std::uint64_t losses_anywhere_ = 0;  // of these, on an unknown processor
  std::uint64_t dropped_ = 0;
};

// Who is it?

Cpu& CallForest::Builder::cpu_of(std::uint32_t number) {
  if (last_cpu_ == nullptr || last_cpu_->number != number)
    last_cpu_ = &find_cpu(number);
  return *last_cpu_;
}

Cpu& CallForest::Builder::find_cpu(std::uint32_t number) {
  if (number < kDirectCpus && number >= direct_cpus_.size())
    direct_cpus_.resize(number + 1);
  Cpu*& place = number < kDirectCpus ? direct_cpus_[number] : other_cpus_[number];
  if (place == nullptr) {
    place = &cpus_.emplace_back();
    place->number = number;
  }
  return *place;
}

Stack& CallForest::Builder::add_stack(std::int64_t pid, std::string_view comm, const Cpu& cpu) {
  Stack& stack = stacks_.emplace_back();
  stack.tree = static_cast<std::uint32_t>(store_.trees.size());
  stack.pid = pid;
  stack.losses_seen = losses_;
  if (pid == 0)
    stack.idle_cpu = &cpu;
  stack.idle_losses_seen = idle_losses(stack);

  detail::CallTreeRecord& tree = store_.trees.emplace_back();
  if (pid != kUnknownPid) {
    tree.pid = static_cast<std::int32_t>(pid);
    tree.comm = comm;
  }
  if (pid == kUnknownPid || pid == 0)
    tree.cpu = cpu.number;
  return stack;
}

// Makes it the stack that the processor's lines belong to.
void CallForest::Builder::run(Cpu& cpu, Stack& stack) {
  if (cpu.current == nullptr)
    running_.push_back(&cpu);
  cpu.current = &stack;
  if (!stack.ran) {
    stack.ran = true;
    ran_.push_back(&stack);
  }
}

// Where it is kept which stack is the task's.
Stack*& CallForest::Builder::place_of(std::int32_t pid, Cpu& cpu) {
  return pid == 0 ? cpu.idle : stack_of_pid_[pid];
}

Stack& CallForest::Builder::stack_of_task(const Task& task, Cpu& cpu) {
  Stack*& place = place_of(task.pid, cpu);
  if (place == nullptr)
    place = &add_stack(task.pid, task.comm, cpu);
  else if (!task.comm.empty() && task.comm != kForgottenComm)
    store_.trees[place->tree].comm = task.comm;
  return *place;
}

// The left side of a switch line says whose the processor's lines without a task were.
void CallForest::Builder::name_unknown(Cpu& cpu, const Task& task) {
  Stack& stack = *cpu.unknown;
  cpu.unknown = nullptr;
  note_losses(stack);
  stack.pid = task.pid;
  detail::CallTreeRecord& tree = store_.trees[stack.tree];
  tree.pid = task.pid;
  tree.comm = task.comm;
  Stack*& place = place_of(task.pid, cpu);
  if (place != nullptr) {
    // The task's lines from other processors were put on a stack without these. How they interleave can't be told any
    // more, so each part keeps to itself.
    tree.fragment = true;
    while (stack.frames.size() > 1)
      cut(stack);
    return;
  }
  place = &stack;
  if (task.pid == 0)
    stack.idle_cpu = &cpu;
  else
    tree.cpu = kUnknownCpu;
  stack.idle_losses_seen = idle_losses(stack);
}

// The stack that the processor's line belongs to is to be another one.
void CallForest::Builder::run_stack_of(const EventContext& context, Cpu& cpu) {
  if (context.task) {
    run(cpu, stack_of_task(*context.task, cpu));
    return;
  }
  if (cpu.unknown == nullptr)
    cpu.unknown = &add_stack(kUnknownPid, {}, cpu);
  run(cpu, *cpu.unknown);
}

inline Stack& CallForest::Builder::stack_of(const EventContext& context) {
  Cpu& cpu = cpu_of(context.cpu.value_or(kUnknownCpu));
  if (cpu.current == nullptr || (context.task && cpu.current->pid != context.task->pid)) [[unlikely]]
    run_stack_of(context, cpu);
  Stack& stack = *cpu.current;
  if (stack.losses_seen != losses_) [[unlikely]]
    note_losses(stack);
  stack.last_cpu = &cpu;
  return stack;
}

std::uint64_t CallForest::Builder::idle_losses(const Stack& stack) const noexcept {
  return losses_anywhere_ + (stack.idle_cpu == nullptr ? 0 : stack.idle_cpu->losses);
}

// Marks what was open during losses. Any task may have run on the processor that lost events, and have gone back; an
// idle task runs on its own only.
void CallForest::Builder::note_losses(Stack& stack) {
  if (stack.losses_seen == losses_)
    return;
  stack.losses_seen = losses_;
  if (stack.idle_cpu != nullptr) {
    const std::uint64_t losses = idle_losses(stack);
    if (stack.idle_losses_seen == losses)
      return;
    stack.idle_losses_seen = losses;
  }
  for (Frame& frame : stack.frames) {
    mark(frame.node, CallMark::children_lost);
    frame.first_run = 0;
  }
  stack.runs.clear();  // what comes after a gap need not be the caller of what came before
}

// Where does it belong?

inline CallIndex CallForest::Builder::add_call(Stack& stack, FunctionId function, std::uint32_t depth,
                                               std::uint8_t marks, const EventContext& context) {
  if (store_.size >= options_.max_calls) [[unlikely]] {
    ++dropped_;
    mark(stack.frames.back().node, CallMark::children_lost);
    return kNoCall;
  }
  const CallIndex call = store_.size;
  if (!store_.nodes.has_block_of(call)) [[unlikely]]
    store_.nodes.make_block_of(call);
  store_.nodes[call] = CallNode{.function = function,
                                .parent = kNoCall,
                                .first_child = kNoCall,
                                .next_sibling = kNoCall,
                                .duration = Duration{0},
                                .cpu = context.cpu.value_or(kUnknownCpu),
                                .depth = static_cast<std::uint16_t>(std::min(depth, kMaxNodeDepth)),
                                .marks = marks,
                                .bits = 0};
  if ((marks & bits(CallMark::no_entry)) == 0 && context.time) {
    store_.entry_times.make_block_of(call, CallStore::kNoTime);
    store_.entry_times[call] = context.time->nanoseconds;
  } else if (store_.entry_times.has_block_of(call)) {
    store_.entry_times[call] = CallStore::kNoTime;
  }
  ++store_.size;
  ++store_.trees[stack.tree].calls;
  return call;
}

inline void CallForest::Builder::link(Stack& stack, Frame& frame, CallIndex call) {
  CallNode& node = store_.nodes[call];
  if (frame.depth < 0) {
    node.parent = stack.tree;
    node.bits |= CallNode::kIsRoot;
  } else {
    node.parent = frame.node;
  }
  if (frame.last_child != kNoCall)
    store_.nodes[frame.last_child].next_sibling = call;
  else if (frame.depth < 0)
    store_.trees[stack.tree].first_root = call;
  else
    store_.nodes[frame.node].first_child = call;
  frame.last_child = call;
}

// Puts a new call under the innermost open one.
inline void CallForest::Builder::place(Stack& stack, CallIndex call, std::uint32_t depth) {
  Frame& frame = stack.frames.back();
  const CallIndex before = frame.last_child;
  link(stack, frame, call);
  if (frame.depth + 1 == depth) [[likely]]
    stack.drop_runs(frame.first_run);
  else
    add_orphan(stack, {depth, call, before});
}

// The call that was put under the innermost open one is not called by that.
void CallForest::Builder::add_orphan(Stack& stack, OrphanRun run) {
  const Frame& frame = stack.frames.back();
  mark(run.first, CallMark::parents_unknown);
  mark(frame.node, CallMark::children_lost);
  while (stack.runs.size() > frame.first_run && stack.runs.back().depth >= run.depth) {
    run.first = stack.runs.back().first;
    run.before = stack.runs.back().before;
    stack.runs.pop_back();
  }
  stack.runs.push_back(run);
}

// The innermost open call's exit is missing.
void CallForest::Builder::cut(Stack& stack) {
  const CallIndex call = stack.frames.back().node;
  stack.drop_runs(stack.frames.back().first_run);
  stack.frames.pop_back();
  mark(call, CallMark::no_exit);
  mark(stack.frames.back().node, CallMark::children_lost);
}

void CallForest::Builder::enter(const GraphEntry& entry) {
  Stack& stack = stack_of(entry.context);
  while (stack.frames.back().depth >= entry.depth)
    cut(stack);
  const CallIndex call = add_call(stack, entry.function, entry.depth, 0, entry.context);
  if (call != kNoCall) {
    place(stack, call, entry.depth);
    if (options_.keep_details && !(entry.args.empty() && entry.caller.empty())) {
      detail::CallDetail& kept = detail_of(call);
      kept.args = store_.texts.intern(entry.args);
      kept.caller = store_.texts.intern(entry.caller);
    }
  }
  stack.frames.push_back({entry.depth, call, kNoCall, static_cast<std::uint32_t>(stack.runs.size()), entry.function});
}

void CallForest::Builder::leave(const GraphExit& exit) {
  Stack& stack = stack_of(exit.context);
  while (stack.frames.back().depth > exit.depth)
    cut(stack);
  const Frame& frame = stack.frames.back();
  const CallIndex call = frame.node;
  if (frame.depth != exit.depth) [[unlikely]] {
    mark(call, CallMark::children_lost);
    late(stack, exit, bits(CallMark::no_entry), true);
    return;
  }
  if (exit.function != frame.function && exit.function != FunctionId::unknown && call != kNoCall) [[unlikely]] {
    mark(call, CallMark::mismatched);
    mark(call, CallMark::children_lost);
    cut(stack);
    late(stack, exit, bits(CallMark::no_entry, CallMark::mismatched, CallMark::children_lost), false);
    return;
  }
  const Duration children_time = frame.children_time;
  stack.drop_runs(frame.first_run);
  stack.frames.pop_back();
  if (call == kNoCall)
    return;
  set_exit(stack, call, exit);
  if (exit.duration && children_time >= detail::add(*exit.duration, exit.precision))
    check_interrupted_exit(call);
}

// A call of which only the exit was seen.
void CallForest::Builder::late(Stack& stack, const GraphExit& exit, std::uint8_t marks, bool adopt) {
  const CallIndex call = add_call(stack, exit.function, exit.depth, marks, exit.context);
  if (call == kNoCall)
    return;
  if (adopt)
    adopt_orphans(stack, call, exit.depth);
  place(stack, call, exit.depth);
  set_exit(stack, call, exit);
}

// The calls right before it that are deeper, and whose caller was not seen, are its own.
void CallForest::Builder::adopt_orphans(Stack& stack, CallIndex call, std::uint32_t depth) {
  Frame& frame = stack.frames.back();
  CallIndex first = kNoCall;
  CallIndex before = kNoCall;
  while (stack.runs.size() > frame.first_run && stack.runs.back().depth > depth) {
    first = stack.runs.back().first;
    before = stack.runs.back().before;
    stack.runs.pop_back();
  }
  if (first == kNoCall)
    return;
  frame.last_child = before;
  if (before != kNoCall)
    store_.nodes[before].next_sibling = kNoCall;
  store_.nodes[call].first_child = first;
  for (CallIndex i = first; i != kNoCall; i = store_.nodes[i].next_sibling) {
    CallNode& child = store_.nodes[i];
    child.parent = call;
    child.bits &= static_cast<std::uint8_t>(~CallNode::kIsRoot);
    if (child.depth == depth + 1)
      child.marks &= static_cast<std::uint8_t>(~bits(CallMark::parents_unknown));
  }
}

inline void CallForest::Builder::set_exit(Stack& stack, CallIndex call, const GraphExit& exit) {
  CallNode& node = store_.nodes[call];
  if (exit.duration) {
    Frame& caller = stack.frames.back();
    caller.children_time = detail::add(caller.children_time, *exit.duration);
    node.duration = *exit.duration;
    // Written, and not added to what stands there: that may be far away.
    const unsigned root = caller.depth < 0 ? CallNode::kIsRoot : 0U;
    node.bits = static_cast<std::uint8_t>(CallNode::kHasDuration | root | cut_digits(exit.precision));
  }
  if (options_.keep_details && (exit.retval || exit.overruns)) {
    detail::CallDetail& kept = detail_of(call);
    kept.retval = exit.retval;
    kept.overruns = exit.overruns;
  }
}

// The children of a call that has just ended sum to more than it. The kernel takes the time of a return, and then
// records it; an interrupt in between is recorded inside the call (seen on 6.1, 6.12 and 7.3). If that is it, the
// children before an interrupt fit.
void CallForest::Builder::check_interrupted_exit(CallIndex call) {
  CallNode& node = store_.nodes[call];
  const Duration limit = detail::add(node.duration, node.precision());
  Duration sum{0};
  for (CallIndex i = node.first_child; i != kNoCall && sum < limit; i = store_.nodes[i].next_sibling) {
    const CallNode& child = store_.nodes[i];
    if (detail::is_interrupt_entry(store_.functions[child.function].name)) {
      node.marks |= bits(CallMark::interrupted_exit);
      return;
    }
    sum = detail::add(sum, child.duration);
  }
}

detail::CallDetail& CallForest::Builder::detail_of(CallIndex call) {
  store_.detail_of.make_block_of(call, CallStore::kNoDetail);
  std::uint32_t& index = store_.detail_of[call];
  if (index == CallStore::kNoDetail) {
    store_.details.emplace_back();
    index = static_cast<std::uint32_t>(store_.details.size() - 1);
  }
  return store_.details[index];
}

// What else happens.

void CallForest::Builder::change(const TaskChange& change) {
  Cpu& cpu = cpu_of(change.cpu.value_or(kUnknownCpu));
  if (cpu.current != nullptr && cpu.current == cpu.unknown) {
    name_unknown(cpu, change.previous);
  } else if (cpu.current != nullptr && cpu.current->pid != change.previous.pid) {
    lose(Loss{.cpu = change.cpu, .events = {}});  // lines of the task on the left are missing
  }
  Stack& next = stack_of_task(change.next, cpu);
  if (cpu.current != nullptr) {
    const Stack& stack = *cpu.current;
    const CallIndex innermost = stack.frames.back().node;
    if (stack.pid == change.previous.pid && stack.last_cpu == &cpu && innermost != kNoCall)
      store_.departures.push_back({innermost, next.tree});
  }
  run(cpu, next);
}

void CallForest::Builder::lose(const Loss& loss) {
  ++losses_;
  if (loss.cpu)
    ++cpu_of(*loss.cpu).losses;
  else
    ++losses_anywhere_;
}

void CallForest::Builder::comment(const GraphComment& comment) {
  if (!options_.keep_comments)
    return;
  const Stack& stack = stack_of(comment.context);
  const Frame& frame = stack.frames.back();
  store_.comments.push_back(
      {stack.tree, frame.node, frame.last_child, comment.context.time, store_.texts.intern(comment.text)});
}

// Looks only at what has run since the last time: text can have any number of tasks, and then of headers.
void CallForest::Builder::finish() {
  for (Stack* stack : ran_) {
    note_losses(*stack);
    while (stack->frames.size() > 1)
      cut(*stack);
    stack->runs.clear();
    stack->runs.shrink_to_fit();
    stack->frames.shrink_to_fit();
    stack->ran = false;
  }
  ran_.clear();
  for (Cpu* cpu : running_)
    cpu->current = cpu->unknown = nullptr;
  running_.clear();
}

std::size_t CallForest::Builder::allocated_bytes() const noexcept {
  constexpr std::size_t kMapLink = 2 * sizeof(void*);  // what a node of libstdc++'s maps has besides its value
  std::size_t bytes = sizeof *this + cpus_.size() * sizeof(Cpu) + stacks_.size() * sizeof(Stack) +
                      (direct_cpus_.capacity() + running_.capacity()) * sizeof(Cpu*) + ran_.capacity() * sizeof(Stack*);
  bytes +=
      stack_of_pid_.size() * (sizeof(*stack_of_pid_.begin()) + kMapLink) + stack_of_pid_.bucket_count() * sizeof(void*);
  bytes += other_cpus_.size() * (sizeof(*other_cpus_.begin()) + kMapLink) + other_cpus_.bucket_count() * sizeof(void*);
  for (const Stack& stack : stacks_)
    bytes += stack.frames.capacity() * sizeof(Frame) + stack.runs.capacity() * sizeof(OrphanRun);
  return bytes;
}

// The forest.

CallForest::CallForest(const CallForestOptions& options)
    : store_(std::make_unique<CallStore>()), builder_(std::make_unique<Builder>(*store_, options)) {}
CallForest::~CallForest() = default;
CallForest::CallForest(CallForest&&) noexcept = default;
CallForest& CallForest::operator=(CallForest&&) noexcept = default;

FunctionTable& CallForest::functions() noexcept {
  return store_->functions;
}
const FunctionTable& CallForest::functions() const noexcept {
  return store_->functions;
}

void CallForest::on(const GraphEntry& entry) {
  builder_->enter(entry);
}
void CallForest::on(const GraphExit& exit) {
  builder_->leave(exit);
}
void CallForest::on(const TaskChange& change) {
  builder_->change(change);
}
void CallForest::on(const Loss& loss) {
  builder_->lose(loss);
}
void CallForest::on(const GraphComment& comment) {
  builder_->comment(comment);
}
void CallForest::on(const RecordingStart& /*start*/) {
  builder_->finish();
}
void CallForest::finish() {
  builder_->finish();
}

std::uint64_t CallForest::dropped_calls() const noexcept {
  return builder_->dropped();
}

std::uint64_t CallForest::marked(CallMark mark) const noexcept {
  std::uint64_t count = 0;
  for (CallIndex i = 0; i < store_->size; ++i)
    count += (store_->nodes[i].marks & bits(mark)) != 0 ? 1U : 0U;
  return count;
}

CallConsistency CallForest::consistency() const noexcept {
  CallConsistency result;
  for (CallIndex i = 0; i < store_->size; ++i) {
    const std::optional<Duration> self = call(i).self_time();
    if (!self || !call(i).complete())
      continue;
    ++result.checked;
    if (*self >= Duration{0})
      continue;
    ++result.negative_self;
    if (detail::add(*self, store_->nodes[i].precision()) <= Duration{0})
      ++result.exceeding;
    if (*self < result.worst) {
      result.worst = *self;
      result.worst_call = call(i);
    }
  }
  return result;
}

CallComment CallForest::comment_in(const CallStore& store, std::size_t index) noexcept {
  const detail::CommentRecord& record = store.comments[index];
  CallComment comment{store.texts[record.text].name, record.time, CallTree{store, record.tree}, {}, {}};
  if (record.after != kNoCall) {
    comment.after = Call{store, record.after};
    comment.inside = comment.after->parent();  // it may have got a caller since
  } else if (record.inside != kNoCall) {
    comment.inside = Call{store, record.inside};
  }
  return comment;
}

std::size_t CallForest::allocated_bytes() const noexcept {
  return sizeof *store_ + store_->allocated_bytes() + builder_->allocated_bytes();
}

}  // namespace fathom
