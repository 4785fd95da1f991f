#include <fathom/base/error.hpp>
#include <fathom/rawtrace/detail/graph_record_layout.hpp>

#include <algorithm>
#include <string>

namespace fathom::detail {

namespace {

// The places of an event's fields, and how long a record must be to have them all.
class Places {
 public:
  Places(const EventFormat& format, std::uint32_t long_size) : format_(format), long_size_(long_size) {}

  std::uint32_t require(std::string_view field, std::uint32_t size) {
    const EventField* const found = format_.find(field);
    if (found == nullptr || found->kind != FieldKind::value || found->size < size)
      throw Error(std::errc::invalid_argument, "find the field '" + std::string(field) + "' in records of",
                  format_.system() + ':' + format_.name(), "is this the format of a function_graph event?");
    return place(*found, size);
  }
  std::uint32_t find(std::string_view field, std::uint32_t size) {
    const EventField* const found = format_.find(field);
    if (found == nullptr || found->kind != FieldKind::value || found->size < size)
      return GraphRecordLayout::kNone;
    return place(*found, size);
  }
  // Linux 6.15 announced 8 bytes over an int of 4, 7.0 has a long: 32 bits of it are enough on any kernel.
  std::uint32_t depth() {
    constexpr std::uint32_t kSize = 4;
    const std::uint32_t at = require("depth", kSize);
    const bool big_long = format_.find("depth")->size == 2 * kSize && format_.byte_order() == std::endian::big;
    const std::uint32_t low = big_long ? at + kSize : at;
    min_size_ = std::max(min_size_, low + kSize);
    return low;
  }
  // As many as the record has room for, or none.
  [[nodiscard]] std::uint32_t args() const {
    const EventField* const found = format_.find("args");
    const bool usable = found != nullptr && found->kind == FieldKind::open_array && found->element_size == long_size_;
    return usable ? found->offset : GraphRecordLayout::kNone;
  }
  [[nodiscard]] std::uint32_t min_size() const noexcept { return min_size_; }

 private:
  std::uint32_t place(const EventField& field, std::uint32_t size) {
    constexpr std::uint32_t kFar = 1U << 27U;  // beyond any record
    if (field.offset > kFar)
      throw Error(std::errc::invalid_argument, "use the field '" + field.name + "' in records of",
                  format_.system() + ':' + format_.name(), "no record is so long");
    min_size_ = std::max(min_size_, field.offset + size);
    return field.offset;
  }

  const EventFormat& format_;
  std::uint32_t long_size_;
  std::uint32_t min_size_ = 0;
};

const EventFormat& require(const FormatRegistry& formats, std::string_view name) {
  const EventFormat* const format = formats.find("ftrace", name);
  if (format == nullptr)
    throw Error(std::errc::invalid_argument, "read function_graph records without the format of",
                "ftrace:" + std::string(name), "add events/ftrace/" + std::string(name) + "/format to the registry");
  return *format;
}

GraphRecordLayout::Entry entry_of(const EventFormat& format, std::uint32_t long_size, bool with_return_address) {
  Places places(format, long_size);
  GraphRecordLayout::Entry entry;
  entry.id = format.id();
  places.require("common_pid", 4);
  entry.func = places.require("func", long_size);
  entry.depth = places.depth();
  if (with_return_address)
    entry.return_address = places.require("retaddr", long_size);
  entry.args = places.args();
  entry.min_size = places.min_size();
  return entry;
}

}  // namespace

GraphRecordLayout GraphRecordLayout::of(const FormatRegistry& formats) {
  GraphRecordLayout layout;
  layout.long_size = formats.layout().long_size;
  layout.swap = formats.layout().byte_order != std::endian::native;
  const EventFormat& entry = require(formats, "funcgraph_entry");
  layout.entry = entry_of(entry, layout.long_size, false);
  layout.pid = entry.find("common_pid")->offset;
  if (const EventFormat* const retaddr = formats.find("ftrace", "fgraph_retaddr_entry"))
    layout.retaddr_entry = entry_of(*retaddr, layout.long_size, true);

  const EventFormat& exit = require(formats, "funcgraph_exit");
  Places places(exit, layout.long_size);
  layout.exit.id = exit.id();
  places.require("common_pid", 4);
  layout.exit.func = places.require("func", layout.long_size);
  layout.exit.depth = places.depth();
  layout.exit.calltime = places.require("calltime", 8);
  layout.exit.rettime = places.require("rettime", 8);
  layout.exit.retval = places.find("retval", layout.long_size);
  if (const EventField* const overrun = exit.find("overrun");
      overrun != nullptr && (overrun->size == 4 || overrun->size == 8)) {
    layout.exit.overrun_size = overrun->size;
    layout.exit.overrun = places.find("overrun", overrun->size);
  }
  layout.exit.min_size = places.min_size();

  if (const EventFormat* const function = formats.find("ftrace", "function"))
    layout.function = function->id();
  if (const EventFormat* const stack = formats.find("ftrace", "kernel_stack"))
    layout.kernel_stack = stack->id();
  return layout;
}

}  // namespace fathom::detail
