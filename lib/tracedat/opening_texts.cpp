#include "opening.hpp"

namespace fathom {

void TraceDatReader::Opening::read_text(TraceDatOptionId id, ByteCursor& cursor) {
  switch (id) {
    case TraceDatOptionId::header_info:
      return read_header_info(cursor);
    case TraceDatOptionId::ftrace_events:
      return read_formats(cursor, "ftrace");
    case TraceDatOptionId::event_formats:
      return read_event_formats(cursor);
    case TraceDatOptionId::kallsyms:
      r_.kallsyms_ = cursor.text(cursor.u32());
      return;
    case TraceDatOptionId::printk:
      r_.printk_formats_ = cursor.text(cursor.u32());
      return;
    case TraceDatOptionId::cmdlines:
      r_.cmdlines_ = cursor.text(cursor.u64());
      return;
    default:
      return;
  }
}

void TraceDatReader::Opening::read_header_info(ByteCursor& cursor) {
  using std::string_view_literals::operator""sv;
  if (cursor.string() == "header_page"sv)
    r_.header_page_ = cursor.text(cursor.u64());
  if (cursor.string() == "header_event"sv)
    r_.header_event_ = cursor.text(cursor.u64());
}

void TraceDatReader::Opening::read_event_formats(ByteCursor& cursor) {
  const std::uint32_t systems = cursor.u32();
  for (std::uint32_t i = 0; i < systems && !cursor.failed(); ++i)
    read_formats(cursor, cursor.string());
}

void TraceDatReader::Opening::read_formats(ByteCursor& cursor, std::string_view system) {
  const std::uint32_t formats = cursor.u32();
  for (std::uint32_t i = 0; i < formats && !cursor.failed(); ++i) {
    const std::string_view text = cursor.text(cursor.u64());
    if (!cursor.failed() && formats_left_ > 0) {
      --formats_left_;
      r_.formats_.push_back({system, text});
    }
  }
}

}  // namespace fathom
