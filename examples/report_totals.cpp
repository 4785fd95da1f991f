#include "report_totals.hpp"

#include <fathom/rawtrace/function_totals.hpp>

#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
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
  std::optional<std::uint64_t> place;  // in the file
};

// Takes pieces to the totals. What stands in the file as it is, is read, and not looked at where it is mapped: the
// bytes are needed once, and to map and unmap their pages can take more time than the whole rest.
class PieceReader {
 public:
  explicit PieceReader(int file) : file_(file) {}

  void read(const Piece& piece, fathom::FunctionTotals& into) {
    const std::size_t page_size = piece.layout.page_size();
    const std::size_t size = std::max(kBufferSize / page_size, std::size_t{1}) * page_size;
    lines_.resize(std::max(lines_.size(), (size + sizeof(Line) - 1) / sizeof(Line)));
    for (std::size_t at = 0; at < piece.pages.size(); at += size) {
      const auto part = piece.pages.subspan(at, std::min(size, piece.pages.size() - at));
      into.feed(piece.layout, piece.place && fill(*piece.place + at, part.size()) ? buffer().first(part.size()) : part);
    }
  }

 private:
  static constexpr std::size_t kBufferSize = std::size_t{256} << 10U;  // what a processor's own cache holds
  // The kernel copies to where a cache line begins in a tenth less time.
  struct alignas(64) Line {
    std::array<std::byte, 64> bytes;
  };

  // False where it cannot be read so, or not all at once: then the mapping is there.
  bool fill(std::uint64_t place, std::size_t size) {
    return ::pread(file_, lines_.data(), size, static_cast<off_t>(place)) == static_cast<ssize_t>(size);
  }
  [[nodiscard]] std::span<const std::byte> buffer() const { return std::as_bytes(std::span(lines_)); }

  int file_;
  std::vector<Line> lines_;
};

std::vector<Piece> pieces_of(Input& input, const std::vector<Input::Source>& sources) {
  constexpr std::size_t kPieceSize = std::size_t{4} << 20U;
  std::vector<Piece> pieces;
  for (const Input::Source& source : sources) {
    const fathom::PageLayout layout = input.file().layout(*source.buffer);
    const std::size_t size = std::max(kPieceSize / layout.page_size(), std::size_t{1}) * layout.page_size();
    for (auto left = source.pages.bytes(); !left.empty(); left = left.subspan(std::min(size, left.size())))
      pieces.push_back({layout, left.first(std::min(size, left.size())), input.place(left)});
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
    PieceReader reader(input.descriptor());
    for (std::size_t i = next++; i < pieces.size(); i = next++)
      reader.read(pieces[i], into);
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < threads; ++i)
      workers.emplace_back([&, i] { work(totals[i]); });
    input.symbols();  // the names, which are wanted next
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

bool write_totals(std::ostream& out, Input& input, bool json, fathom::ParseStats& stats) {
  const fathom::EventFormat* const exit = input.formats().find("ftrace", "funcgraph_exit");
  if (exit == nullptr)
    return false;
  const fathom::FunctionTotals counted = count(input, *exit);
  stats = counted.stats();
  const std::vector<fathom::FunctionTotal> totals = sorted(counted.totals());
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
