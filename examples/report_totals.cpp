#include "report_totals.hpp"

#include <fathom/rawtrace/function_totals.hpp>

#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace report {

namespace {

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
fathom::FunctionTotals count(Input& input, const fathom::EventFormat& exit) {
  const std::vector<Input::Source> sources = input.sources();
  const std::vector<Piece> pieces = pieces_of(input, sources);
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, pieces.size() + 1);
  std::vector<fathom::FunctionTotals> totals(threads, fathom::FunctionTotals(exit, input.formats().id_offset()));
  std::atomic<std::size_t> next = 0;
  const auto work = [&](fathom::FunctionTotals& into) {
    for (std::size_t i = next++; i < pieces.size(); i = next++)
      into.feed(pieces[i].layout, pieces[i].pages);
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < threads; ++i)
      workers.emplace_back([&, i] { work(totals[i]); });
    work(totals[0]);
  }
  for (std::size_t i = 1; i < threads; ++i)
    totals[0] += totals[i];
  return std::move(totals[0]);
}

// The most expensive first.
std::vector<fathom::FunctionTotal> sorted(std::vector<fathom::FunctionTotal> totals) {
  std::ranges::sort(totals, [](const fathom::FunctionTotal& a, const fathom::FunctionTotal& b) {
    return a.nanoseconds != b.nanoseconds ? a.nanoseconds > b.nanoseconds : a.function < b.function;
  });
  return totals;
}

}  // namespace

bool write_totals(std::ostream& out, Input& input, bool json) {
  const fathom::EventFormat* const exit = input.formats().find("ftrace", "funcgraph_exit");
  if (exit == nullptr)
    return false;
  const std::vector<fathom::FunctionTotal> totals = sorted(count(input, *exit).totals());
  for (const fathom::FunctionTotal& total : totals) {
    const auto hit = input.symbols().find(total.function);
    const std::string name = hit ? std::string(hit->name()) : fmt::format("{:x}", total.function);
    if (json) {
      const nlohmann::json object = {{"function", name}, {"calls", total.calls}, {"nanoseconds", total.nanoseconds}};
      out << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    } else {
      fmt::print(out, "{:>10} {:>15} {}\n", total.calls, total.nanoseconds, name);
    }
  }
  return !totals.empty();
}

}  // namespace report
