#pragma once

#include <fathom/base/time.hpp>
#include <fathom/profile/profile.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace fathom {

/// What a NamedProfile's line weighs.
enum class ProfileWeight : std::uint8_t {
  count,    ///< samples; off CPU, how often
  time,     ///< microseconds
  waiting,  ///< off CPU: microseconds in which the task could have run
};

/// A stack in names, and what it weighs.
struct NamedStack {
  std::vector<std::uint32_t> frames{};  ///< in NamedProfile::names, outermost first; the task's name is the first
  std::uint64_t count = 0;              ///< sum of ProfileEntry::count
  Duration time{0};                     ///< sum of ProfileEntry::time
  Duration waiting{0};                  ///< sum of ProfileEntry::waiting

  /// Equal in all fields.
  friend bool operator==(const NamedStack&, const NamedStack&) = default;
};

/// A profile in names: stacks that look the same are one.
///
///     write_folded(std::cout, named.folded());
///
/// A plain value. What folded() gives refers to it.
struct NamedProfile {
  std::vector<std::string> names{};  ///< each once
  std::vector<NamedStack> stacks{};  ///< in order of their names

  /// The stacks as write_folded() takes them: names, outermost first, and one number.
  [[nodiscard]] auto folded(ProfileWeight weight = ProfileWeight::count) const& {
    return stacks | std::views::transform([this, weight](const NamedStack& stack) {
             auto frames = stack.frames |
                           std::views::transform([this](std::uint32_t name) { return std::string_view(names[name]); });
             return Folded<decltype(frames)>{frames, value(stack, weight)};
           });
  }
  void folded(ProfileWeight weight = ProfileWeight::count) const&& = delete;

 private:
  template <class Frames>
  struct Folded {
    Frames frames;
    std::uint64_t weight;
  };

  [[nodiscard]] static std::uint64_t value(const NamedStack& stack, ProfileWeight weight) noexcept {
    if (weight == ProfileWeight::count)
      return stack.count;
    return static_cast<std::uint64_t>((weight == ProfileWeight::time ? stack.time : stack.waiting) /
                                      std::chrono::microseconds(1));
  }
};

/// Where names come from. Each may be empty: then there are none of that kind.
///
///     const ProfileNames names{.kernel = kernel_names(kallsyms), .user = user_names(files)};
struct ProfileNames {
  /// The function of a kernel address; empty where there is none. `is_return` tells that a call comes back there.
  std::function<std::string(std::uint64_t address, bool is_return)> kernel{};
  /// The functions at so many bytes in a file, innermost first: several where the compiler put one into another. Empty
  /// where there is none.
  std::function<std::vector<std::string>(const ProfileFile& file, std::uint64_t offset, bool is_return)> user{};
  /// Off CPU: what stands for the state as the innermost name, such as `[S (sleeping)]`; TaskStateDecoder knows them.
  std::function<std::string(const OffCpuState& state)> state{};
};

/// Names of the kernel by a look-up such as KallsymsIndex, which must live as long as what is given.
template <class Index>
  requires requires(const Index& index, std::uint64_t address) {
    std::string(index.find(address)->name());
    std::string(index.find_return_address(address)->name());
  }
[[nodiscard]] auto kernel_names(const Index& index) {
  return [&index](std::uint64_t address, bool is_return) {
    const auto hit = is_return ? index.find_return_address(address) : index.find(address);
    return hit ? std::string(hit->name()) : std::string();
  };
}
template <class Index>
void kernel_names(const Index&& index) = delete;

/// Names of user space by ElfFileSymbols, of the component elf, or what is alike; it must live as long as what is
/// given.
template <class Files>
[[nodiscard]] auto user_names(Files& files) {
  return [&files](const ProfileFile& file, std::uint64_t offset, bool is_return) {
    return std::vector<std::string>(
        files.functions({file.path, file.build_id, file.inode, file.pid}, offset, is_return));
  };
}

/// How a profile is named.
struct NamingOptions {
  bool threads = false;                ///< `comm-pid/tid` as the first name in place of `comm`
  std::string kernel_suffix = "_[k]";  ///< behind names of the kernel; flamegraph.pl colours them by it
};

/// Names every stack, and adds up those that look the same then.
///
///     const auto kallsyms = KallsymsIndex::load();
///     ElfFileSymbols files;
///     const NamedProfile named =
///         name_profile(profile, {.kernel = kernel_names(kallsyms), .user = user_names(files)});
///
/// What has no name stands as `[kernel]`, as its file, `[libc.so.6]`, or as `[unknown]`. Each address is asked for
/// once. Off CPU, the tracepoint at which stacks are taken is left out: all that is called by `__schedule`. Pure but
/// for what the look-ups do; what they throw passes through.
[[nodiscard]] NamedProfile name_profile(const Profile& profile, const ProfileNames& names,
                                        const NamingOptions& options = {});

}  // namespace fathom
