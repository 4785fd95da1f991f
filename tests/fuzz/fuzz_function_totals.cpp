#include "graph_formats.hpp"

#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/function_totals.hpp>
#include <fathom/rawtrace/page_decoder.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>

namespace {

// The totals, the long way.
class Reference {
 public:
  explicit Reference(const fathom::EventFormat& exit)
      : id_(exit.id()), function_(exit, "func"), calltime_(exit, "calltime"), rettime_(exit, "rettime") {}

  void on(const fathom::RawRecord& record) {
    if (record.id != id_)
      return;
    const auto function = function_(record.bytes());
    const auto calltime = calltime_(record.bytes());
    const auto rettime = rettime_(record.bytes());
    if (!function || !calltime || !rettime) {
      ++cut_;
      return;
    }
    fathom::FunctionTotal& total = totals_[*function];
    total.function = *function;
    ++total.calls;
    total.nanoseconds += *rettime - *calltime;
  }
  const std::map<std::uint64_t, fathom::FunctionTotal>& totals() const { return totals_; }
  std::uint64_t cut() const { return cut_; }

 private:
  std::uint16_t id_;
  fathom::FieldReader<std::uint64_t> function_;
  fathom::FieldReader<std::uint64_t> calltime_;
  fathom::FieldReader<std::uint64_t> rettime_;
  std::map<std::uint64_t, fathom::FunctionTotal> totals_;
  std::uint64_t cut_ = 0;
};

void check(bool good) {
  if (!good)
    std::abort();
}

}  // namespace

// The first byte says the byte order, the rest is pages: whatever is on them, the totals are those of the decoder's
// records, and the account is the decoder's but for exits that their fields are not in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  static const fathom::FormatRegistry kFormats[] = {graph_formats::formats_of(std::endian::little),
                                                    graph_formats::formats_of(std::endian::big)};
  const fathom::FormatRegistry& formats = kFormats[data[0] & 1U];
  const fathom::EventFormat& exit = *formats.find("ftrace", "funcgraph_exit");
  const auto pages = std::as_bytes(std::span(data, size)).subspan(1);

  Reference reference(exit);
  fathom::PageDecoder decoder(formats);
  decoder.feed(0, pages, reference);
  fathom::FunctionTotals totals(exit, formats.id_offset());
  totals.feed(formats.layout(), pages);

  check(totals.totals().size() == reference.totals().size());
  for (const fathom::FunctionTotal& total : totals.totals())
    check(reference.totals().contains(total.function) && reference.totals().at(total.function) == total);
  const fathom::ParseStats& ours = totals.stats();
  const fathom::ParseStats& theirs = decoder.stats();
  check(ours.bytes == pages.size() && ours.bytes == ours.parsed_bytes + ours.skipped_bytes);
  check(ours.records == theirs.records && ours.records == ours.parsed_records + ours.skipped_records());
  check(ours.skipped_records() == theirs.skipped_records() + reference.cut());
  check(ours.lost_events == theirs.lost_events && ours.losses == theirs.losses);
  return 0;
}
