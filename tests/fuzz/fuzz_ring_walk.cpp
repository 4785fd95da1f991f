#include <fathom/bpf/detail/ring_walk.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

namespace {

constexpr std::size_t kCapacity = 4096;

void require(bool holds) {
  if (!holds)
    std::abort();
}

// Every byte of it is read, which a sanitizer sees if it is outside.
std::uint64_t sum(std::span<const std::byte> bytes) {
  std::uint64_t total = 0;
  for (const std::byte byte : bytes)
    total += std::to_integer<std::uint64_t>(byte);
  return total;
}

}  // namespace

// A ring of 4096 bytes with whatever is in it, read from where the first two bytes say for as long as the next two say
// (which may be more than the ring has): nothing outside is touched, the walk ends, each record is where it should be,
// and what is between the positions is records or was given up.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint16_t start = 0;
  std::uint16_t words = 0;
  if (size < sizeof start + sizeof words)
    return 0;
  std::memcpy(&start, data, sizeof start);
  std::memcpy(&words, data + sizeof start, sizeof words);
  data += sizeof start + sizeof words;
  size -= sizeof start + sizeof words;

  using Position = fathom::detail::RingWalk::Position;
  // On the heap and to the byte, so that a look beyond the second mapping is seen. The second repeats the first.
  const auto memory = std::make_unique<std::uint64_t[]>(2 * kCapacity / sizeof(std::uint64_t));
  auto* const bytes = reinterpret_cast<std::byte*>(memory.get());
  for (std::size_t i = 0; i < std::min(size, kCapacity); ++i)
    bytes[(start / 8 * 8 + i) % kCapacity] = static_cast<std::byte>(data[i]);
  std::copy_n(bytes, kCapacity, bytes + kCapacity);

  fathom::detail::RingWalk walk(bytes, kCapacity, start);
  require(walk.position() % 8 == 0 && start - walk.position() < 8 && walk.capacity() == kCapacity);
  const Position end = walk.position() + Position{words} * 8;
  Position after = 0;
  std::uint64_t steps = 0;
  for (auto record = walk.next(end, after); record.data() != nullptr; record = walk.next(end, after)) {
    require(walk.position() % 8 == 0 && after % 8 == 0);
    require(record.data() == bytes + walk.position() % kCapacity + 8);
    require(after - walk.position() == (record.size() + 15) / 8 * 8 && after - walk.position() <= kCapacity);
    require(end - after < end - walk.position());
    const volatile std::uint64_t seen = sum(record);
    (void)seen;
    walk.read_up_to(after);
    walk.stats.read += 1;
    steps += 1;
  }
  require(steps + walk.stats.discarded <= words);
  require(walk.stats.resynchronized <= 1 && walk.stats.wrong_size == 0);
  require(walk.stats.resynchronized == 0 || walk.position() == end);
  // It ended at the end, or before a record that is not yet written.
  require(walk.position() == end || !walk.ready(end));
  require(words * std::size_t{8} <= kCapacity || walk.stats.resynchronized == 1);
  return 0;
}
