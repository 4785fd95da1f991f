#include <fathom/profile/profile_names.hpp>

#include <algorithm>
#include <map>
#include <span>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace fathom {

namespace {

// How deep below __schedule a tracepoint takes a stack: the program, what calls it, and the tracepoint's own function.
constexpr std::size_t kTracepointFrames = 8;

// `[libc.so.6]`; the kernel's own page of code is called `[vdso]` already.
std::string in_brackets(std::string_view path) {
  if (path.starts_with('['))
    return std::string(path);
  return '[' + std::string(path.substr(path.rfind('/') + 1)) + ']';
}

class Namer {
 public:
  Namer(const Profile& profile, const ProfileNames& names, const NamingOptions& options)
      : profile_(profile), names_(names), options_(options) {}

  NamedProfile run() {
    std::map<std::vector<std::uint32_t>, std::size_t> by_frames;
    std::vector<NamedStack> stacks;
    for (const ProfileEntry& entry : profile_.entries) {
      const std::vector<std::uint32_t> frames = frames_of(entry);
      const auto [at, added] = by_frames.try_emplace(frames, stacks.size());
      if (added)
        stacks.push_back({.frames = frames});
      NamedStack& stack = stacks[at->second];
      stack.count += entry.count;
      stack.time += entry.time;
      stack.waiting += entry.waiting;
    }
    const auto text = [this](std::uint32_t name) { return std::string_view(result_[name]); };
    std::ranges::sort(stacks, [&](const NamedStack& left, const NamedStack& right) {
      return std::ranges::lexicographical_compare(left.frames, right.frames, {}, text, text);
    });
    return {.names = std::move(result_), .stacks = std::move(stacks)};
  }

 private:
  using Names = std::vector<std::uint32_t>;  // innermost first

  std::uint32_t intern(const std::string& name) {
    const auto [at, added] = numbers_.try_emplace(name, static_cast<std::uint32_t>(result_.size()));
    if (added)
      result_.push_back(name);
    return at->second;
  }

  std::uint32_t kernel_name(std::uint64_t address, bool is_return) {
    const auto [at, added] = kernel_.try_emplace({address, is_return}, 0);
    if (added) {
      std::string name = names_.kernel ? names_.kernel(address, is_return) : std::string();
      if (name.empty())
        name = "[kernel]";
      at->second = {intern(name + options_.kernel_suffix), name == "__schedule" || name.starts_with("__schedule.")};
    }
    return at->second.name;
  }

  const Names& user_names(const UserFrame& frame, bool is_return) {
    if (!frame.file || *frame.file >= profile_.files.size())
      return unknown();
    const auto [at, added] = user_.try_emplace({*frame.file, frame.offset, is_return});
    if (added) {
      const ProfileFile& file = profile_.files[*frame.file];
      std::vector<std::string> names =
          names_.user ? names_.user(file, frame.offset, is_return) : std::vector<std::string>();
      if (names.empty())
        names.push_back(in_brackets(file.path));
      for (const std::string& name : names)
        at->second.push_back(intern(name));
    }
    return at->second;
  }

  const Names& unknown() {
    if (unknown_.empty())
      unknown_.push_back(intern("[unknown]"));
    return unknown_;
  }

  // How many of the innermost kernel frames are the tracepoint's.
  std::size_t tracepoint_frames(std::span<const std::uint64_t> kernel) {
    if (profile_.kind != ProfileKind::off_cpu)
      return 0;
    for (std::size_t i = 0; i < std::min(kernel.size(), kTracepointFrames); ++i) {
      static_cast<void>(kernel_name(kernel[i], i != 0));
      if (kernel_.at({kernel[i], i != 0}).is_schedule)
        return i;
    }
    return 0;
  }

  Names frames_of(const ProfileEntry& entry) {
    Names frames;
    if (entry.state && names_.state)
      frames.push_back(intern(names_.state(*entry.state)));
    const std::size_t left_out = tracepoint_frames(entry.kernel);
    for (std::size_t i = left_out; i < entry.kernel.size(); ++i)
      frames.push_back(kernel_name(entry.kernel[i], i != 0));
    for (std::size_t i = 0; i < entry.user.size(); ++i) {
      const Names& names = user_names(entry.user[i], i != 0);
      frames.insert(frames.end(), names.begin(), names.end());
    }
    std::string task = entry.task.comm;
    if (options_.threads)
      task += '-' + std::to_string(entry.task.pid) + '/' + std::to_string(entry.task.tid);
    frames.push_back(intern(task));
    std::ranges::reverse(frames);
    return frames;
  }

  struct KernelName {
    std::uint32_t name = 0;
    bool is_schedule = false;
  };

  const Profile& profile_;
  const ProfileNames& names_;
  const NamingOptions& options_;
  std::vector<std::string> result_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::map<std::pair<std::uint64_t, bool>, KernelName> kernel_;
  std::map<std::tuple<unsigned, std::uint64_t, bool>, Names> user_;
  Names unknown_;
};

}  // namespace

NamedProfile name_profile(const Profile& profile, const ProfileNames& names, const NamingOptions& options) {
  return Namer(profile, names, options).run();
}

}  // namespace fathom
