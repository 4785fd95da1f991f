#include <fathom/base/nearest_names.hpp>

#include <algorithm>
#include <iterator>

namespace fathom {

namespace {

// Costs of turning a pattern into a name. Names are often a pattern with something around it (`__x64_sys_openat`), so
// what hangs over at the ends is cheaper than a letter changed in the middle.
constexpr unsigned kEditCost = 4;
constexpr unsigned kOverhangCost = 1;

}  // namespace

NearestNames::NearestNames(std::string_view pattern, std::size_t count)
    : head_cost_(pattern.starts_with('*') ? 0 : kOverhangCost),
      tail_cost_(pattern.ends_with('*') ? 0 : kOverhangCost),
      count_(count) {
  std::ranges::remove_copy_if(pattern, std::back_inserter(text_), [](char c) { return c == '*' || c == '?'; });
  worst_ = kEditCost * std::max(2U, static_cast<unsigned>(text_.size() / 4));
}

void NearestNames::offer(std::string_view name) {
  if (text_.empty() || count_ == 0)
    return;
  const unsigned cost = distance(name);
  if (cost > worst_)
    return;
  std::pair candidate(cost, std::string(name));
  const auto place = std::ranges::lower_bound(best_, candidate);
  if (place != best_.end() && *place == candidate)
    return;
  best_.insert(place, std::move(candidate));
  if (best_.size() > count_) {
    best_.pop_back();
    worst_ = best_.back().first;  // what is farther is not looked at to its end
  }
}

std::vector<std::string> NearestNames::names() const {
  std::vector<std::string> names;
  names.reserve(best_.size());
  for (const auto& [cost, name] : best_)
    names.push_back(name);
  return names;
}

unsigned NearestNames::distance(std::string_view name) {
  row_.resize(name.size() + 1);
  for (std::size_t j = 0; j <= name.size(); ++j)
    row_[j] = static_cast<unsigned>(j) * head_cost_;
  for (const char wanted : text_) {
    unsigned diagonal = row_[0];
    row_[0] += kEditCost;
    unsigned best = row_[0];
    for (std::size_t j = 0; j < name.size(); ++j) {
      const unsigned changed = diagonal + (wanted == name[j] ? 0 : kEditCost);
      diagonal = row_[j + 1];
      row_[j + 1] = std::min({changed, row_[j] + kEditCost, diagonal + kEditCost});
      best = std::min(best, row_[j + 1]);
    }
    if (best > worst_)
      return best;
  }
  unsigned least = row_[name.size()];
  for (std::size_t j = 0; j < name.size(); ++j)
    least = std::min(least, row_[j] + static_cast<unsigned>(name.size() - j) * tail_cost_);
  return least;
}

}  // namespace fathom
