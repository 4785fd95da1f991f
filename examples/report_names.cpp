#include "report_names.hpp"

#include <utility>

namespace report {

std::string_view FunctionNames::add(std::uint64_t address) {
  if (used_ * 2 >= slots_.size()) {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const Slot& slot : old) {
      if (slot.used)
        put(slot);
    }
  }
  const auto hit = symbols_->find(address);
  const std::string_view name = hit ? hit->name() : std::string_view{};
  put({address, name, true});
  ++used_;
  return name;
}

void FunctionNames::put(const Slot& slot) {
  std::size_t at = place(slot.address);
  while (slots_[at].used)
    at = (at + 1) & (slots_.size() - 1);
  slots_[at] = slot;
}

}  // namespace report
