#include "profile_support.hpp"

#include <fathom/output/folded_text.hpp>
#include <fathom/symbols/elf_file_symbols.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <system_error>

namespace fathom::live {

namespace {

constexpr std::size_t kBytes = 4096;

}  // namespace

SharedNumbers::SharedNumbers() {
  void* const memory = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "mmap");
  numbers_ = static_cast<volatile std::int64_t*>(memory);
}

SharedNumbers::~SharedNumbers() {
  ::munmap(const_cast<std::int64_t*>(numbers_), kBytes);
}

struct Names::State {
  KallsymsIndex kernel = KallsymsIndex::load({.allow_hidden = true});
  ElfFileSymbols files{{.files = std::make_shared<ElfFiles>(ElfFilesOptions{.source_lines = false})}};
};

Names::Names() : state_(std::make_unique<State>()) {}
Names::~Names() = default;

NamedProfile Names::name(const Profile& profile, const NamingOptions& options) const {
  return name_profile(profile, {.kernel = kernel_names(state_->kernel), .user = user_names(state_->files)}, options);
}

Share share_of(const NamedProfile& named, std::string_view function) {
  Share share;
  for (const NamedStack& stack : named.stacks) {
    const auto is_it = [&](std::uint32_t name) { return named.names[name] == function; };
    if (std::ranges::none_of(stack.frames, is_it))
      continue;
    share.count += stack.count;
    share.time += stack.time;
    share.waiting += stack.waiting;
    if (is_it(stack.frames.back()))
      share.self += stack.count;
  }
  return share;
}

std::string folded(const NamedProfile& named) {
  std::ostringstream text;
  write_folded(text, named.folded());
  return text.str();
}

void expect_sums(const Profile& profile) {
  std::uint64_t samples = 0;
  for (const ProfileEntry& entry : profile.entries)
    samples += entry.count;
  const auto& counts = profile.counts;
  EXPECT_EQ(samples, counts.samples);
  EXPECT_EQ(counts.seen, counts.samples + counts.idle + counts.lost + counts.no_room);
}

Profile of_process(Profile profile, int pid) {
  std::erase_if(profile.entries,
                [&](const ProfileEntry& entry) { return entry.task.pid != static_cast<std::uint32_t>(pid); });
  return profile;
}

}  // namespace fathom::live
