#include "buffer_size.hpp"
#include "file_hints.hpp"
#include "text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fathom {

namespace {

template <typename Names>
std::string joined(std::string_view introduction, const Names& names) {
  std::string text(introduction);
  for (const auto& name : names) {
    text += ' ';
    text += name;
  }
  return text;
}

std::string per_cpu(unsigned cpu, std::string_view name) {
  return "per_cpu/cpu" + std::to_string(cpu) + '/' + std::string(name);
}

// Why the tracer is busy: of some tracers the kernel has only one, and it may be at work in another buffer.
std::string busy_hint(TraceFiles& files, const std::string& own_prefix, const Tracer& tracer) {
  std::string hint = "a trace_pipe of this buffer is open: end its reader";
  if (tracer == Tracer::nop)
    return hint;
  std::vector<std::string> prefixes{""};
  for (const std::string& name : files.list("instances"))
    prefixes.push_back("instances/" + name + '/');
  for (const std::string& prefix : prefixes) {
    const std::string path = prefix + "current_tracer";
    if (prefix != own_prefix && files.exists(path) && tracefs::trimmed(files.read(path)) == tracer.name())
      hint += "; or it is one that works in one buffer at a time: it is current in " + files.full_path(path);
  }
  return hint;
}

}  // namespace

TraceArray::TraceArray(std::shared_ptr<TraceFiles> files, std::string prefix)
    : files_(std::move(files)), prefix_(std::move(prefix)) {}

std::string TraceArray::read_feature(std::string_view name) const {
  if (!has(name))
    throw UnsupportedError(name, files_->full_path(path(name)), tracefs::file_hint(ENOENT, name));
  return files_->read(path(name));
}

void TraceArray::write_feature(std::string_view name, std::string_view text) {
  if (!has(name))
    throw UnsupportedError(name, files_->full_path(path(name)), tracefs::file_hint(ENOENT, name));
  files_->write(path(name), text);
}

std::vector<Tracer> TraceArray::available_tracers() const {
  std::vector<Tracer> tracers;
  const std::string text = files_->read(path("available_tracers"));
  for (const std::string_view name : tracefs::words_of(text))
    tracers.emplace_back(name);
  return tracers;
}

bool TraceArray::has_tracer(const Tracer& tracer) const {
  const std::vector<Tracer> tracers = available_tracers();
  return std::ranges::find(tracers, tracer) != tracers.end();
}

Tracer TraceArray::current_tracer() const {
  return Tracer(tracefs::trimmed(files_->read(path("current_tracer"))));
}

void TraceArray::set_current_tracer(const Tracer& tracer) {
  const std::string file = path("current_tracer");
  if (!has_tracer(tracer)) {
    const std::string available = files_->read(path("available_tracers"));
    throw UnsupportedError(
        "tracer " + std::string(tracer.name()), files_->full_path(file),
        joined(is_top_level() ? "this kernel has:" : "an instance on this kernel has:", tracefs::words_of(available)));
  }
  try {
    files_->write(file, std::string(tracer.name()) + '\n');
  } catch (const Error& error) {
    if (error.code() != std::errc::device_or_resource_busy)
      throw;
    throw Error(error.code(), error.action(), error.path(), busy_hint(*files_, prefix_, tracer));
  }
}

std::vector<TraceOption> TraceArray::options() const {
  std::vector<TraceOption> options = parse_trace_options(files_->read(path("trace_options")));
  for (const std::string& name : files_->list(path("options"))) {
    if (std::ranges::find(options, name, &TraceOption::name) != options.end())
      continue;
    if (const auto on = option(name))
      options.push_back({name, *on});
  }
  std::ranges::sort(options, {}, &TraceOption::name);
  return options;
}

std::optional<bool> TraceArray::option(std::string_view name) const {
  const std::string file = path("options/" + std::string(name));
  if (files_->exists(file))
    return tracefs::trimmed(files_->read(file)) == "1";
  // Kernels that have no file for it may still list it among those of the current tracer.
  const std::vector<TraceOption> listed = parse_trace_options(files_->read(path("trace_options")));
  const auto found = std::ranges::find(listed, name, &TraceOption::name);
  if (found == listed.end())
    return std::nullopt;
  return found->on;
}

void TraceArray::set_option(std::string_view name, bool on) {
  const std::string own_name(name);
  const std::string file = path("options/" + own_name);
  if (files_->exists(file)) {
    files_->write(file, on ? "1\n" : "0\n");
    return;
  }
  if (!option(name))
    throw UnsupportedError(
        "option " + own_name, files_->full_path(file),
        "this kernel has no such option for the current tracer; options/ and trace_options list all");
  files_->write(path("trace_options"), (on ? "" : "no") + own_name + '\n');
}

CpuSet TraceArray::cpumask() const {
  return CpuSet::parse_mask(files_->read(path("tracing_cpumask")));
}

void TraceArray::set_cpumask(const CpuSet& cpus) {
  files_->write(path("tracing_cpumask"), cpus.mask() + '\n');
}

std::optional<std::uint64_t> TraceArray::buffer_size_kb() const {
  return tracefs::parse_buffer_size_kb(files_->read(path("buffer_size_kb")));
}

std::uint64_t TraceArray::buffer_size_kb(unsigned cpu) const {
  return tracefs::parse_buffer_size_kb(files_->read(path(per_cpu(cpu, "buffer_size_kb")))).value_or(0);
}

std::uint64_t TraceArray::buffer_total_size_kb() const {
  return tracefs::parse_buffer_size_kb(files_->read(path("buffer_total_size_kb"))).value_or(0);
}

void TraceArray::set_buffer_size_kb(std::uint64_t kb) {
  files_->write(path("buffer_size_kb"), std::to_string(kb) + '\n');
}

void TraceArray::set_buffer_size_kb(unsigned cpu, std::uint64_t kb) {
  files_->write(path(per_cpu(cpu, "buffer_size_kb")), std::to_string(kb) + '\n');
}

// [local] global counter uptime perf mono mono_raw boot tai x86-tsc
TraceClockChoice TraceArray::trace_clocks() const {
  const std::string text = files_->read(path("trace_clock"));
  TraceClockChoice choice;
  for (std::string_view name : tracefs::words_of(text)) {
    if (name.starts_with('[') && name.ends_with(']')) {
      name = name.substr(1, name.size() - 2);
      choice.current = name;
    }
    choice.available.emplace_back(name);
  }
  return choice;
}

std::optional<TraceClock> TraceArray::trace_clock() const {
  return parse_trace_clock(trace_clocks().current);
}

void TraceArray::set_trace_clock(TraceClock clock) {
  set_trace_clock(to_string(clock));
}

void TraceArray::set_trace_clock(std::string_view name) {
  const std::vector<std::string> available = trace_clocks().available;
  if (std::ranges::find(available, name) == available.end())
    throw UnsupportedError("clock " + std::string(name), files_->full_path(path("trace_clock")),
                           joined("this kernel has:", available));
  files_->write(path("trace_clock"), std::string(name) + '\n');
}

RingBufferStats TraceArray::stats(unsigned cpu) const {
  return parse_ring_buffer_stats(files_->read(path(per_cpu(cpu, "stats"))));
}

CpuSet TraceArray::cpus() const {
  constexpr std::string_view kCpu = "cpu";
  CpuSet cpus;
  for (const std::string_view name : files_->list(path("per_cpu"))) {
    if (!name.starts_with(kCpu))
      continue;
    if (const auto cpu = tracefs::parse_number<unsigned>(name.substr(kCpu.size())))
      cpus.insert(*cpu);
  }
  return cpus;
}

void TraceArray::clear() {
  files_->write(path("trace"), {});
}

bool TraceArray::tracing_on() const {
  return tracefs::trimmed(files_->read(path("tracing_on"))) == "1";
}

void TraceArray::set_tracing_on(bool on) {
  files_->write(path("tracing_on"), on ? "1\n" : "0\n");
}

void TraceArray::write_marker(std::string_view text) {
  files_->append(path("trace_marker"), text);
}

void TraceArray::write_raw_marker(std::uint32_t id, std::span<const std::byte> data) {
  std::string record(sizeof id + data.size(), '\0');
  std::memcpy(record.data(), &id, sizeof id);
  if (!data.empty())
    std::memcpy(record.data() + sizeof id, data.data(), data.size());
  files_->append(path("trace_marker_raw"), record);
}

std::chrono::microseconds TraceArray::tracing_max_latency() const {
  const std::string text = read_feature("tracing_max_latency");
  return std::chrono::microseconds{tracefs::parse_number<std::int64_t>(tracefs::trimmed(text)).value_or(0)};
}

void TraceArray::set_tracing_max_latency(std::chrono::microseconds value) {
  write_feature("tracing_max_latency", std::to_string(value.count()) + '\n');
}

std::string TraceArray::read_trace() const {
  return files_->read(path("trace"));
}

std::unique_ptr<TraceStream> TraceArray::open_trace() const {
  return files_->open_stream(path("trace"), false);
}

std::unique_ptr<TraceStream> TraceArray::open_trace_pipe() const {
  return files_->open_stream(path("trace_pipe"), true);
}

std::vector<ErrorLogEntry> TraceArray::error_log() const {
  return has("error_log") ? parse_error_log(files_->read(path("error_log"))) : std::vector<ErrorLogEntry>{};
}

void TraceArray::clear_error_log() {
  if (has("error_log"))
    files_->write(path("error_log"), {});
}

}  // namespace fathom
