#include "feature_probe.hpp"

#include <fathom/bpf/bpf_features.hpp>

#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <tuple>

namespace fathom {

namespace {

enum class Question : std::uint8_t { program_type, map_type, helper, attach };
using Key = std::tuple<Question, std::uint32_t, std::uint32_t>;

#define FATHOM_HELPER_NAME(name) std::string_view(#name)
constexpr std::array kHelperNames = {__BPF_FUNC_MAPPER(FATHOM_HELPER_NAME)};
#undef FATHOM_HELPER_NAME

}  // namespace

struct BpfFeatures::State {
  std::mutex mutex;
  std::map<Key, BpfSupport> known;

  // Probes run without the lock: two threads may both find out, and find the same.
  template <class Probe>
  BpfSupport answer(const Key& key, Probe probe) {
    {
      const std::scoped_lock lock(mutex);
      if (const auto found = known.find(key); found != known.end())
        return found->second;
    }
    const BpfSupport support = probe();
    if (support == BpfSupport::yes || support == BpfSupport::no) {
      const std::scoped_lock lock(mutex);
      known.emplace(key, support);
    }
    return support;
  }
};

std::string_view to_string(BpfSupport support) noexcept {
  switch (support) {
    case BpfSupport::yes:
      return "yes";
    case BpfSupport::no:
      return "no";
    case BpfSupport::denied:
      return "denied";
    case BpfSupport::unknown:
      break;
  }
  return "unknown";
}

BpfFeatures::BpfFeatures() : state_(std::make_unique<State>()) {}
BpfFeatures::BpfFeatures(BpfFeatures&& other) noexcept = default;
BpfFeatures& BpfFeatures::operator=(BpfFeatures&& other) noexcept = default;
BpfFeatures::~BpfFeatures() = default;

BpfSupport BpfFeatures::program_type(BpfProgramType type) const {
  return state_->answer({Question::program_type, static_cast<std::uint32_t>(type), 0},
                        [&] { return bpf::probe_program_type(type); });
}

BpfSupport BpfFeatures::map_type(BpfMapType type) const {
  return state_->answer({Question::map_type, static_cast<std::uint32_t>(type), 0},
                        [&] { return bpf::probe_map_type(type); });
}

BpfSupport BpfFeatures::helper(BpfProgramType type, std::uint32_t number) const {
  return state_->answer({Question::helper, static_cast<std::uint32_t>(type), number},
                        [&] { return bpf::probe_helper(type, number); });
}

BpfSupport BpfFeatures::helper(BpfProgramType type, std::string_view name) const {
  if (name.starts_with("bpf_"))
    name.remove_prefix(4);
  const auto* const found = std::ranges::find(kHelperNames, name);
  if (found == kHelperNames.end() || found == kHelperNames.begin())
    return BpfSupport::unknown;
  return helper(type, static_cast<std::uint32_t>(found - kHelperNames.begin()));
}

BpfSupport BpfFeatures::attach(BpfAttachKind kind) const {
  return state_->answer({Question::attach, static_cast<std::uint32_t>(kind), 0},
                        [&] { return bpf::probe_attach(kind); });
}

}  // namespace fathom
