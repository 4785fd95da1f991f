#include "report_totals.hpp"

#include "report_names.hpp"

#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace report {

namespace {

struct Total {
  std::uint64_t function = 0;
  std::uint64_t calls = 0;
  std::uint64_t nanoseconds = 0;
};

// A table that is looked up once an event: open addressing, sizes are powers of two, and no function has the address 0.
class Totals {
 public:
  explicit Totals(const fathom::EventFormat& exit)
      : id_(exit.id()), function_(exit, "func"), calltime_(exit, "calltime"), rettime_(exit, "rettime"), slots_(4096) {}

  void on(const fathom::RawRecord& record) {
    if (record.id != id_)
      return;
    const auto function = function_(record.bytes());
    const auto rettime = rettime_(record.bytes());
    const auto calltime = calltime_(record.bytes());
    if (!function || !rettime || !calltime || *function == 0)
      return;
    Total& total = slot(*function);
    ++total.calls;
    total.nanoseconds += *rettime - *calltime;
  }
  void add(const Totals& other) {
    for (const Total& theirs : other.slots_) {
      if (theirs.function == 0)
        continue;
      Total& ours = slot(theirs.function);
      ours.calls += theirs.calls;
      ours.nanoseconds += theirs.nanoseconds;
    }
  }
  std::vector<Total> sorted() const {
    std::vector<Total> totals;
    std::ranges::copy_if(slots_, std::back_inserter(totals), [](const Total& total) { return total.function != 0; });
    std::ranges::sort(totals, [](const Total& a, const Total& b) {
      return a.nanoseconds != b.nanoseconds ? a.nanoseconds > b.nanoseconds : a.function < b.function;
    });
    return totals;
  }

 private:
  Total& slot(std::uint64_t function) {
    Total& found = search(function);
    if (found.function == function) [[likely]]
      return found;
    if (++used_ * 2 > slots_.size()) {
      const std::vector<Total> old = std::exchange(slots_, std::vector<Total>(slots_.size() * 2));
      for (const Total& total : old) {
        if (total.function != 0)
          search(total.function) = total;
      }
    }
    Total& free = search(function);
    free.function = function;
    return free;
  }
  Total& search(std::uint64_t function) {
    std::size_t at = (function * 0x9e3779b97f4a7c15U >> 32U) & (slots_.size() - 1);
    while (slots_[at].function != 0 && slots_[at].function != function)
      at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  std::uint16_t id_;
  fathom::FieldReader<std::uint64_t> function_;
  fathom::FieldReader<std::uint64_t> calltime_;
  fathom::FieldReader<std::uint64_t> rettime_;
  std::vector<Total> slots_;
  std::size_t used_ = 0;
};

// A piece of a CPU's pages. Each page stands by itself, so they may be counted anywhere.
struct Piece {
  fathom::PageLayout layout;
  std::span<const std::byte> pages;
};

std::vector<Piece> pieces_of(Input& input, const std::vector<Input::Source>& sources) {
  constexpr std::size_t kPieceSize = std::size_t{4} << 20U;
  std::vector<Piece> pieces;
  for (const Input::Source& source : sources) {
    const fathom::PageLayout layout = input.file().layout(*source.buffer);
    const std::size_t size = std::max(kPieceSize / layout.page_size(), std::size_t{1}) * layout.page_size();
    for (auto left = source.pages.bytes(); !left.empty(); left = left.subspan(std::min(size, left.size())))
      pieces.push_back({layout, left.first(std::min(size, left.size()))});
  }
  return pieces;
}

// With as many threads as there are processors.
Totals count(Input& input, const fathom::EventFormat& exit) {
  const std::vector<Input::Source> sources = input.sources();
  const std::vector<Piece> pieces = pieces_of(input, sources);
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, pieces.size() + 1);
  std::vector<Totals> totals(threads, Totals(exit));
  std::atomic<std::size_t> next = 0;
  const auto work = [&](Totals& into) {
    for (std::size_t i = next++; i < pieces.size(); i = next++) {
      fathom::PageDecoder decoder(pieces[i].layout, input.formats().id_offset());
      decoder.feed(0, pieces[i].pages, into);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < threads; ++i)
      workers.emplace_back([&, i] { work(totals[i]); });
    work(totals[0]);
  }
  for (std::size_t i = 1; i < threads; ++i)
    totals[0].add(totals[i]);
  return std::move(totals[0]);
}

}  // namespace

bool write_totals(std::ostream& out, Input& input, bool json) {
  const fathom::EventFormat* const exit = input.formats().find("ftrace", "funcgraph_exit");
  if (exit == nullptr)
    return false;
  const std::vector<Total> sorted = count(input, *exit).sorted();
  for (const Total& total : sorted) {
    const auto hit = input.symbols().find(total.function);
    const std::string name = hit ? std::string(hit->name()) : fmt::format("{:x}", total.function);
    if (json) {
      const nlohmann::json object = {{"function", name}, {"calls", total.calls}, {"nanoseconds", total.nanoseconds}};
      out << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    } else {
      fmt::print(out, "{:>10} {:>15} {}\n", total.calls, total.nanoseconds, name);
    }
  }
  return !sorted.empty();
}

}  // namespace report
