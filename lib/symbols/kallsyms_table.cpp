#include "kallsyms_table.hpp"

#include <algorithm>
#include <numeric>

namespace fathom::detail {

void KallsymsTable::index_names() const {
  std::call_once(by_name_once_, [this] {
    by_name_.build(*this);
    lazy_bytes_ += by_name_.allocated_bytes();
    by_name_ready_.store(true, std::memory_order_release);
  });
}

std::span<const std::uint32_t> KallsymsTable::name_order() const {
  std::call_once(name_order_once_, [this] {
    std::vector<std::uint32_t> order(symbols.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, [this](std::uint32_t a, std::uint32_t b) {
      const int compared = name_of(symbols[a]).compare(name_of(symbols[b]));
      return compared != 0 ? compared < 0 : a < b;
    });
    name_order_ = std::move(order);
    lazy_bytes_ += name_order_.capacity() * sizeof(std::uint32_t);
  });
  return name_order_;
}

std::size_t KallsymsTable::allocated_bytes() const noexcept {
  std::size_t bytes = sizeof *this + symbols.allocated_bytes() + names.allocated_bytes() + addresses.allocated_bytes() +
                      owners.capacity() * sizeof(SymbolOwner) + modules.capacity() * sizeof(KallsymsModule) +
                      image.capacity() * sizeof(AddressRange) + lazy_bytes_;
  constexpr std::size_t kInPlace = 15;
  for (const SymbolOwner& owner : owners)
    bytes += owner.name.capacity() > kInPlace ? owner.name.capacity() + 1 : 0;
  return bytes;
}

}  // namespace fathom::detail
