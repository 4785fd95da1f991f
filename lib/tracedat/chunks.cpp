#include "chunks.hpp"

#include "byte_cursor.hpp"

namespace fathom::tracedat {

namespace {

// Appends a block to what there is. False, and nothing appended, where it is not whole.
bool append_block(const Codec& codec, ByteCursor& cursor, std::uint64_t limit, Decompressed& result) {
  std::vector<std::byte>& out = result.bytes;
  const std::uint32_t packed_size = cursor.u32();
  const std::uint32_t size = cursor.u32();
  const auto packed = cursor.take(packed_size);
  if (cursor.failed() || size > limit - out.size())
    return false;
  const std::size_t before = out.size();
  out.resize(before + size);
  if (codec.decompress(packed, std::span(out).subspan(before)))
    return true;
  out.resize(before);
  result.spoilt += size;
  return false;
}

// The room that the blocks ask for, as far as they are there: so that one allocation does.
std::size_t room_for(ByteCursor cursor, std::uint32_t blocks, std::uint64_t limit) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const std::uint32_t packed_size = cursor.u32();
    const std::uint32_t size = cursor.u32();
    cursor.take(packed_size);
    if (cursor.failed() || size > limit - sum)
      break;
    sum += size;
  }
  return sum;
}

}  // namespace

Decompressed decompress_block(const Codec& codec, std::span<const std::byte> packed, bool swap, std::uint64_t limit) {
  Decompressed result;
  ByteCursor cursor(packed, swap);
  result.whole = append_block(codec, cursor, limit, result);
  result.used = cursor.at();
  return result;
}

Decompressed decompress_chunks(const Codec& codec, std::span<const std::byte> packed, bool swap, std::uint64_t limit) {
  Decompressed result;
  ByteCursor cursor(packed, swap);
  const std::uint32_t chunks = cursor.u32();
  result.bytes.reserve(room_for(cursor, chunks, limit));
  result.whole = !cursor.failed();
  for (std::uint32_t i = 0; i < chunks && result.whole; ++i) {
    result.used = cursor.at();
    result.whole = append_block(codec, cursor, limit, result);
  }
  if (result.whole)
    result.used = cursor.at();
  return result;
}

}  // namespace fathom::tracedat
