#include "raw_pipe.hpp"

#include "page_outlet.hpp"

#include <fathom/base/error.hpp>
#include <fathom/rawtrace/detail/commit_bits.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace fathom::tracefs {

namespace {

// read() that no signal ends, through any TraceFiles.
std::optional<std::size_t> read_some(TraceStream& stream, std::span<std::byte> into) {
  while (true) {
    try {
      return stream.read({reinterpret_cast<char*>(into.data()), into.size()});  // NOLINT(*-reinterpret-cast)
    } catch (const Error& error) {
      if (error.code() != std::errc::interrupted)
        throw;
    }
  }
}

}  // namespace

RawPipe::RawPipe(const TraceArray& array, unsigned cpu, const PageLayout& layout)
    : layout_(layout),
      cpu_(cpu),
      stream_(array.files()->open_stream(array.path("per_cpu/cpu" + std::to_string(cpu) + "/trace_pipe_raw"), true)) {}

void RawPipe::set_mapped(bool mapped) {
  if (mapped && !map_ && can_map_) {
    map_ = MappedRingBuffer::map(stream_->native_handle(), layout_);
    can_map_ = map_ != nullptr;
  } else if (!mapped && map_) {
    map_.reset();
    page_begun_ = true;
  }
}

TakenPages RawPipe::read(std::span<std::byte> buffer) {
  if (map_)
    return map_->take(buffer);
  const std::size_t page_size = layout_.page_size();
  std::size_t filled = 0;
  while (buffer.size() - filled >= page_size) {
    const std::span<std::byte> page = buffer.subspan(filled, page_size);
    try {
      if (!read_page(page))
        return {buffer.first(filled), false};
    } catch (const Error&) {
      if (filled == 0)
        throw;
      return {buffer.first(filled), false};
    }
    filled += page_size;
    if (!is_full(page))
      return {buffer.first(filled), false};
  }
  return {buffer.first(filled), true};
}

bool RawPipe::read_page(std::span<std::byte> page) {
  std::ranges::copy(cut_, page.begin());
  std::size_t filled = std::exchange(cut_, {}).size();
  const auto keep = [&] { cut_.assign(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(filled)); };
  while (filled < page.size()) {
    std::optional<std::size_t> count;
    try {
      count = read_some(*stream_, page.subspan(filled));
    } catch (const Error&) {
      keep();
      throw;
    }
    if (!count || *count == 0) {
      keep();
      return false;
    }
    filled += *count;
    page_begun_ = true;
  }
  return true;
}

// A page that has room is most likely the one that is being filled, of which every read makes a page of its own: who
// came back for it at once would get one event a page. A long event that did not fit is no harm, only a wait.
bool RawPipe::is_full(std::span<const std::byte> page) const noexcept {
  std::uint32_t commit = 0;
  const bool high_half_first = layout_.byte_order == std::endian::big && layout_.long_size == 8;
  std::memcpy(&commit, page.data() + layout_.commit_offset + (high_half_first ? 4 : 0), sizeof(commit));
  return (commit & fathom::detail::kCommitBits) > layout_.data_size - layout_.data_size / 8;
}

std::vector<std::byte> RawPipe::take_cut_page() {
  return std::exchange(cut_, {});
}

std::optional<RawPipe::Spliced> RawPipe::splice(PageOutlet& outlet) {
  if (!can_splice_)
    return std::nullopt;
  const std::size_t page_size = layout_.page_size();
  const std::size_t size = std::max(outlet.capacity() / page_size, std::size_t{1}) * page_size;
  try {
    const std::size_t count = stream_->splice(outlet.inlet(), size).value_or(0);
    outlet.note_filled(count);
    if (count > 0)
      page_begun_ = false;
    return Spliced{count, count >= size};
  } catch (const Error& error) {
    if (error.code() != std::errc::invalid_argument)
      throw;
    can_splice_ = false;
    return std::nullopt;
  }
}

}  // namespace fathom::tracefs
