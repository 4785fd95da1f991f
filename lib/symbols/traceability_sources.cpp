#include "traceability_sources.hpp"

#include "tracefs/text.hpp"

#include <fathom/base/error.hpp>
#include <fathom/tracefs/find_tracefs.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fathom {

namespace {

TraceReason gap_of(const Error& error) {
  return {.kind = TraceReasonKind::unreadable, .path = error.path(), .error = error.code(), .hint = error.hint()};
}

// Any small file at a path of its own.
std::string read_file(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return local_trace_files(".")->read(path);
  return local_trace_files(path.substr(0, slash))->read(std::string_view(path).substr(slash + 1));
}

// Runs `make`, and keeps what it gives or why it gave nothing.
template <typename Content, typename Make>
symbols::Source<Content> attempt(Make make) {
  symbols::Source<Content> source;
  try {
    source.content = make();
  } catch (const Error& error) {
    source.gap = gap_of(error);
  }
  return source;
}

// Every tracefs has these, whatever the kernel was built with. A directory without them proves nothing.
bool is_tracefs(TraceFiles& files) {
  try {
    return files.exists("available_tracers") || files.exists("trace");
  } catch (const Error&) {
    return false;
  }
}

std::shared_ptr<TraceFiles> mounted_tracefs() {
  const auto root = find_tracefs();
  if (!root)
    throw Error(ENOENT, "find", "tracefs", "mount -t tracefs tracefs /sys/kernel/tracing");
  return local_trace_files(*root);
}

// 6.12.117+deb12-amd64
bool at_least(std::string_view release, unsigned major, unsigned minor) {
  const auto dot = release.find('.');
  if (dot == std::string_view::npos)
    return false;
  const std::string_view rest = release.substr(dot + 1);
  const auto first = tracefs::parse_number<unsigned>(release.substr(0, dot));
  const auto second = tracefs::parse_number<unsigned>(rest.substr(0, rest.find_first_not_of("0123456789")));
  return first && second && std::pair(*first, *second) >= std::pair(major, minor);
}

std::string release_in(const std::string& path) {
  try {
    return std::string(tracefs::trimmed(read_file(path)));
  } catch (const Error&) {
    return "unknown";
  }
}

}  // namespace

Traceability::Sources::Sources(const TraceabilityOptions& options)
    : blacklist(attempt<symbols::KprobeBlacklist>(
          [&] { return symbols::KprobeBlacklist::parse(read_file(options.kprobe_blacklist_path)); })),
      inline_sites(options.inline_sites) {
  read_functions(options);
  read_symbols(options);
  read_btf(options.btf_directory);
  const std::string kernel = release_in(options.release_path);
  read_modules(options.modules_root + '/' + kernel);
  read_config(options.boot_directory + "/config-" + kernel);
  try {
    // none integrity [confidentiality]
    if (read_file(options.lockdown_path).find("[confidentiality]") != std::string::npos)
      lockdown = "confidentiality";
  } catch (const Error&) {
    lockdown.reset();  // a kernel without lockdown has no such file
  }
  if (symbols)
    look_at_symbols(kernel);

  const auto tell = [this](const auto& source) {
    if (!source)
      gaps.push_back({source.gap.path, source.gap.error, source.gap.hint});
  };
  tell(functions);
  tell(symbols);
  if (has_kprobes)
    tell(blacklist);
  for (const auto& [module, source] : btf)
    tell(source);
}

void Traceability::Sources::read_functions(const TraceabilityOptions& options) {
  std::shared_ptr<TraceFiles> files = options.tracefs;
  functions = attempt<symbols::FunctionList>([&] {
    if (!files)
      files = mounted_tracefs();
    symbols::FunctionList list;
    list.parse_names(files->read("available_filter_functions"));
    return list;
  });
  if (!files)
    return;
  const bool proven = is_tracefs(*files);
  if (!proven && functions.gap.error == std::errc::no_such_file_or_directory)
    functions.gap.hint = "there is no tracefs: mount -t tracefs tracefs " + files->root();
  has_ftrace = !proven || functions || functions.gap.error != std::errc::no_such_file_or_directory;
  try {
    has_kprobes = !proven || files->exists("kprobe_events");
    if (functions && files->exists("available_filter_functions_addrs"))
      functions.content->parse_addresses(files->read("available_filter_functions_addrs"));
  } catch (const Error&) {
    return;  // names alone tell nearly as much
  }
}

void Traceability::Sources::read_symbols(const TraceabilityOptions& options) {
  if (options.symbols) {
    symbols.content = options.symbols;
    return;
  }
  symbols = attempt<KallsymsIndex>(
      [&] { return KallsymsIndex::load({.path = options.kallsyms_path, .allow_hidden = true}); });
}

void Traceability::Sources::read_btf(const std::string& directory) {
  const auto& kernel = btf[""] = attempt<Btf>([&] { return Btf::load(directory + "/vmlinux"); });
  if (!symbols || !kernel)
    return;
  const std::string directory_path = directory + '/';
  for (const KallsymsModule& module : symbols->modules()) {
    const std::string name(module.name);
    const std::string path = directory_path + name;
    auto source = attempt<Btf>([&] { return Btf::load(path, *kernel); });
    // A module may be built without; then none of its functions is described.
    if (source || source.gap.error != std::errc::no_such_file_or_directory)
      btf[name] = std::move(source);
  }
}

void Traceability::Sources::read_modules(const std::string& directory) {
  const auto read = [&](const char* file) {
    return attempt<symbols::ModuleNames>(
        [&] { return symbols::parse_module_names(read_file(directory + '/' + file)); });
  };
  modules = read("modules.dep");
  built_in = read("modules.builtin");
}

void Traceability::Sources::read_config(const std::string& path) {
  kprobes_on_notrace = attempt<bool>([&] {
    const std::string text = read_file(path);
    const auto lines = tracefs::lines_of(text);
    return std::ranges::find(lines, "CONFIG_KPROBE_EVENTS_ON_NOTRACE=y") != lines.end();
  });
}

void Traceability::Sources::look_at_symbols(std::string_view release) {
  const auto has = [this](std::string_view name) { return !symbols->named(name).empty(); };
  has_kprobes = has_kprobes && has("register_kprobe");
  // bpf_kprobe_multi_link_attach is there without CONFIG_FPROBE too, and then refuses.
  has_fprobe = has("register_fprobe") && has("bpf_kprobe_multi_link_attach");
  has_trampolines = has("bpf_trampoline_link_prog") && has("register_ftrace_direct");
  // Both count the symbols of a name, since b022f0c7e404 and 926fe783c8a6 (Linux 6.7, and stable kernels after).
  refuses_ambiguous = has("count_symbols");
  counts_modules_as_ambiguous = has("count_mod_symbols");
  // x86 passes on what is on the stack since 473e3150e30a (Linux 6.6), which brought this function.
  if (has("__x64_sys_getpid"))
    trampoline.surely = trampoline.maybe = has("save_args") ? trampoline.maybe : trampoline.surely;
  trampoline.unions = at_least(release, 6, 18);  // nothing else tells
  const auto address = [this](std::string_view name) {
    const auto named = symbols->named(name);
    return named.empty() ? 0 : named[0].address();
  };
  init_begin = address("__init_begin");
  init_end = address("__init_end");
  if (init_end == 0) {  // without CONFIG_KALLSYMS_ALL
    init_begin = address("_sinittext");
    init_end = address("_einittext");
  }
}

}  // namespace fathom
