// KallsymsIndex on any bytes: every byte and line is accounted for, and every symbol, and the name of every address
// near one, is what a slow and obvious reading has.

#include "symbols/kallsyms_parser.hpp"
#include "unit/symbols/slow_kallsyms.hpp"

#include <fathom/symbols/kallsyms_index.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

namespace {

using namespace fathom;

void require(bool holds) {
  if (!holds)
    std::abort();
}

bool same(const Symbol& symbol, const test::SlowKallsyms::Symbol& slow) {
  return symbol.address() == slow.address && symbol.type().letter() == slow.letter && symbol.name() == slow.name &&
         symbol.module() == slow.module && to_string(symbol.origin()) == slow.kind;
}

void check_account(const ParseStats& stats, std::size_t bytes) {
  require(stats.bytes == bytes);
  require(stats.bytes == stats.parsed_bytes + stats.skipped_bytes);
  require(stats.records == stats.parsed_records + stats.skipped_records());
  require(stats.first_bad.has_value() == (stats.skipped_records() != 0));
}

void check_address(const KallsymsIndex& index, const test::SlowKallsyms& slow, std::uint64_t address) {
  const auto hit = index.find(address);
  const auto expected = slow.find(address);
  require(hit.has_value() == expected.has_value());
  if (!hit)
    return;
  require(same(*hit, expected->symbol) && hit->offset() == expected->offset);
  require(!hit->size() || hit->offset() < *hit->size());
}

void check_symbol(const KallsymsIndex& index, const Symbol& symbol) {
  bool found = false;
  for (const Symbol namesake : index.named(symbol.name()))
    found = found || namesake == symbol;
  require(found);
  found = index.visibility() == KallsymsVisibility::hidden;
  for (const Symbol alias : index.aliases(symbol.address()))
    found = found || alias == symbol;
  require(found);
  static_cast<void>(symbol.type().description(symbol.origin()));
}

// What the pieces give is what the whole gives.
void check_cut(std::string_view text, std::size_t step, bool leave_out, const ParseStats& whole) {
  detail::KallsymsParser parser(leave_out);
  for (std::size_t at = 0; at < text.size(); at += step) {
    // In memory of its own size, so that a read beyond it is seen.
    const std::string_view piece = text.substr(at, step);
    const std::vector<char> copy(piece.begin(), piece.end());
    parser.feed({copy.data(), copy.size()});
  }
  const auto table = parser.finish();
  require(table->stats.skipped_bytes == whole.skipped_bytes && table->stats.records == whole.records);
  require(table->stats.skipped_records_by_reason == whole.skipped_records_by_reason);
  if (whole.first_bad)
    require(table->stats.first_bad->offset == whole.first_bad->offset &&
            table->stats.first_bad->text == whole.first_bad->text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte says how to cut, and whether labels are left out.
  if (size == 0)
    return 0;
  const bool leave_out = (data[0] & 0x80U) != 0;
  const std::size_t step = 1 + (data[0] & 0x7fU);
  const std::vector<char> copy(data + 1, data + size);
  const std::string_view text(copy.data(), copy.size());

  const auto index = KallsymsIndex::parse(text, {.leave_out_labels = leave_out});
  check_account(index.stats(), text.size());
  check_cut(text, step, leave_out, index.stats());

  const test::SlowKallsyms slow(text, leave_out);
  require(index.size() == slow.symbols().size());
  std::size_t place = 0;
  for (const Symbol symbol : index) {
    require(same(symbol, slow.symbols()[place++]));
    check_symbol(index, symbol);
    for (const std::uint64_t offset : {0UL, 1UL, 15UL, 4095UL, 4096UL, 65536UL, 1048575UL, 1048576UL}) {
      check_address(index, slow, symbol.address() + offset);
      check_address(index, slow, symbol.address() - offset);
    }
  }
  for (const std::uint64_t address : {0UL, 1UL, ~0UL, ~0UL - 1, 0xffff'ffff'8100'0000UL})
    check_address(index, slow, address);
  return 0;
}
