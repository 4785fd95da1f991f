#include "recovery.hpp"
#include "tracer_option_scope.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_instance.hpp>
#include <fathom/tracefs/trace_session.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <optional>
#include <utility>

namespace fathom {

namespace {

using Options = std::map<std::string, bool, std::less<>>;

// What the session switches, with what it adds by itself.
Options options_of(const SessionOptions& asked) {
  Options options = asked.options;
  if (asked.tracer == Tracer::function_graph) {
    options.try_emplace(std::string(to_string(FuncgraphOption::abstime)), true);
    options.try_emplace(std::string(to_string(FuncgraphOption::proc)), true);
  }
  if (!asked.pids.empty()) {
    options.try_emplace("event-fork", asked.follow_forks);
    if (asked.tracer != Tracer::nop)
      options.try_emplace("function-fork", asked.follow_forks);
  }
  return options;
}

// The first thing that is asked for and that this buffer has not; empty if it can do everything.
std::string missing_in(const TraceArray& array, const SessionOptions& asked) {
  if (!array.has_tracer(asked.tracer))
    return "tracer " + std::string(asked.tracer.name());
  const std::pair<std::string_view, bool> needed[] = {
      {"set_ftrace_filter", !asked.functions.empty()},
      {"set_ftrace_notrace", !asked.notrace.empty()},
      {"set_graph_function", !asked.graph_functions.empty()},
      {"set_graph_notrace", !asked.graph_notrace.empty()},
      {"max_graph_depth", asked.max_depth.has_value()},
      {"tracing_thresh", asked.tracing_thresh.has_value()},
      {"set_ftrace_pid", !asked.pids.empty() && asked.tracer != Tracer::nop},
  };
  for (const auto& [file, is_needed] : needed) {
    if (is_needed && !array.has(file))
      return std::string(file);
  }
  return {};
}

void set_filter(TraceArray& array, std::string_view file, const std::vector<std::string>& patterns) {
  if (patterns.empty() && !array.has(file))
    return;
  FunctionFilter filter(array.files(), array.path(file));
  if (!patterns.empty() || !filter.list().empty())
    filter.set(patterns);
}

void set_pids(const TraceArray& array, std::string_view file, const std::vector<int>& pids) {
  // Not asked for its list first: an empty one may mean that every task passes, or that none is left.
  if (array.has(file))
    PidFilter(array.files(), array.path(file)).set(pids);
}

void set_filters(TraceArray& array, const SessionOptions& asked) {
  // Without a tracer these mean nothing, and a locked-down kernel lets nobody even look at them.
  if (asked.tracer != Tracer::nop) {
    set_filter(array, "set_ftrace_filter", asked.functions);
    set_filter(array, "set_ftrace_notrace", asked.notrace);
    set_filter(array, "set_graph_function", asked.graph_functions);
    set_filter(array, "set_graph_notrace", asked.graph_notrace);
    set_pids(array, "set_ftrace_pid", asked.pids);
    set_pids(array, "set_ftrace_notrace_pid", {});
  }
  set_pids(array, "set_event_pid", asked.pids);
  set_pids(array, "set_event_notrace_pid", {});
}

void set_limits(TraceArray& array, const SessionOptions& asked) {
  if (asked.max_depth)
    array.files()->write(array.path("max_graph_depth"), std::to_string(*asked.max_depth) + '\n');
  if (asked.tracing_thresh)
    array.files()->write(array.path("tracing_thresh"), std::to_string(asked.tracing_thresh->count()) + '\n');
}

void set_buffer(TraceArray& array, const SessionOptions& asked) {
  // Linux 6.1 keeps the top level at its boot-time size once an instance has been used (by anybody), which is no size
  // to trace with; this is what it is meant to become (TRACE_BUF_SIZE_DEFAULT).
  constexpr std::uint64_t kBootSizeKb = 8;
  constexpr std::uint64_t kDefaultSizeKb = 1408;
  if (asked.clock)
    array.set_trace_clock(*asked.clock);
  if (asked.buffer_size_kb)
    array.set_buffer_size_kb(*asked.buffer_size_kb);
  else if (array.is_top_level() && array.buffer_size_kb().value_or(kDefaultSizeKb) <= kBootSizeKb)
    array.set_buffer_size_kb(kDefaultSizeKb);
  if (asked.cpus)
    array.set_cpumask(*asked.cpus);
}

// Options that there are now are set and taken off the list.
void set_present_options(TraceArray& array, Options& options) {
  std::erase_if(options, [&](const auto& option) {
    const auto now = array.option(option.first);
    if (now && *now != option.second)
      array.set_option(option.first, option.second);
    return now.has_value();
  });
}

}  // namespace

struct TraceSession::Impl {
  Impl(const std::shared_ptr<TraceFiles>& plain, const SessionOptions& asked,
       const StateJournalOptions& journal_options) {
    try {
      tracefs::recover(plain, journal_options);
    } catch (const Error&) {
      // An instance can do without; whoever needs the top level is told the same again by its journal.
    }
    choose_place(plain, asked, journal_options);
    if (!instance) {
      journal = tracefs::patient_journal(plain, journal_options);
      array.emplace(journal->files(), "");
    }
    array->set_tracing_on(false);
    if (!instance && array->current_tracer() != Tracer::nop)
      array->set_current_tracer(Tracer::nop);
    Options options = options_of(asked);
    if (instance)
      guard_options(options, journal_options);
    // Each filter before the tracer: to narrow a live one costs seconds where this costs none.
    set_filters(*array, asked);
    set_limits(*array, asked);
    set_buffer(*array, asked);
    set_present_options(*array, options);
    if (array->current_tracer() != asked.tracer)
      array->set_current_tracer(asked.tracer);
    for (const auto& [name, on] : options)
      array->set_option(name, on);
    array->clear();
  }

  void choose_place(const std::shared_ptr<TraceFiles>& plain, const SessionOptions& asked,
                    const StateJournalOptions& journal_options) {
    const TraceArray top(plain, "");
    if (const std::string missing = missing_in(top, asked); !missing.empty())
      throw UnsupportedError(missing, plain->full_path(""), "tracers of this kernel:" + tracer_names(top));
    if (asked.place == SessionPlace::top_level) {
      why_top_level = "it was asked for";
      return;
    }
    instance.emplace(plain, journal_options.proc);
    const std::string missing = missing_in(*instance, asked);
    if (missing.empty()) {
      array.emplace(plain, instance->prefix());
      return;
    }
    if (asked.place == SessionPlace::instance)
      throw UnsupportedError(missing, plain->full_path("instances"), "on this kernel it is at the top level only");
    instance.reset();
    why_top_level = missing + " is not in an instance";
  }

  void guard_options(const Options& options, const StateJournalOptions& journal_options) {
    journal = tracefs::guard_shared_options(*instance, options, journal_options);
    if (journal)
      array.emplace(journal->files(), instance->prefix());
  }

  static std::string tracer_names(const TraceArray& array) {
    std::string names;
    for (const Tracer& tracer : array.available_tracers())
      names += ' ' + std::string(tracer.name());
    return names;
  }

  // What fails is kept, and all that it needs, so that another call or the destructor can try again.
  void close() {
    std::exception_ptr first_error;
    const auto attempt = [&](auto action) {
      try {
        action();
      } catch (const Error&) {
        if (!first_error)
          first_error = std::current_exception();
      }
    };
    if (array)
      attempt([&] { array->set_tracing_on(false); });
    if (instance) {
      attempt([&] {
        instance->remove();
        array.reset();
        instance.reset();
      });
    } else if (array) {
      attempt([&] { array->clear(); });
    }
    if (journal)
      attempt([&] { journal->restore(); });
    if (first_error)
      std::rethrow_exception(first_error);
    array.reset();
    journal.reset();
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    try {
      close();
    } catch (const std::exception&) {
      // There is nobody left to tell; the journal or the instance's name tells the next run.
    }
  }

  // In this order, so that what the journal knows goes back after the instance and its tracer are gone.
  std::optional<StateJournal> journal;
  std::optional<TraceInstance> instance;
  std::optional<TraceArray> array;
  std::string why_top_level;
};

TraceSession::TraceSession(const std::shared_ptr<TraceFiles>& files, const SessionOptions& options,
                           const StateJournalOptions& journal)
    : impl_(std::make_unique<Impl>(files, options, journal)) {}
TraceSession::~TraceSession() = default;
TraceSession::TraceSession(TraceSession&& other) noexcept = default;
TraceSession& TraceSession::operator=(TraceSession&& other) noexcept = default;

TraceArray& TraceSession::array() {
  if (!impl_ || !impl_->array)
    throw Error(EBADF, "use a trace session", {}, "it was closed or moved from: make another one");
  return *impl_->array;
}

bool TraceSession::in_instance() const noexcept {
  return impl_->why_top_level.empty();
}

const std::string& TraceSession::why_top_level() const noexcept {
  return impl_->why_top_level;
}

void TraceSession::start() {
  array().set_tracing_on(true);
}

void TraceSession::stop() {
  array().set_tracing_on(false);
}

TraceText TraceSession::text(TextOptions options) {
  return {array(), options};
}

void TraceSession::close() {
  if (impl_)
    impl_->close();
}

}  // namespace fathom
