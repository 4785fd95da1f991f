#include "btf_data.hpp"

#include <fathom/base/error.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <ranges>
#include <utility>

namespace fathom::detail {

namespace {

constexpr std::uint16_t kMagic = 0xeb9f;
constexpr std::size_t kHeaderBytes = 24;        // as far as every kernel has it
constexpr std::size_t kLayoutHeaderBytes = 32;  // with the place of the layout section
constexpr std::size_t kRecordWords = 3;         // name, info, size or type
constexpr std::uint32_t kMaxIds = 0x7fff'ffff;  // libbpf's limit too
// The kernel takes 512 bytes (KSYM_NAME_LEN). Any number of members may share one, and whoever looks reads it each
// time.
constexpr std::size_t kLongestName = 64U << 10U;

constexpr std::uint32_t swapped(std::uint32_t word) noexcept {
  return word << 24U | (word & 0xff00U) << 8U | (word >> 8U & 0xff00U) | word >> 24U;
}

// How many words follow a record of three: some for the record itself, some for each of its parts.
struct Layout {
  std::size_t own;
  std::size_t each;
};

std::optional<Layout> known_layout(BtfKind kind) noexcept {
  switch (kind) {
    case BtfKind::ptr:
    case BtfKind::fwd:
    case BtfKind::typedef_:
    case BtfKind::volatile_:
    case BtfKind::const_:
    case BtfKind::restrict_:
    case BtfKind::func:
    case BtfKind::float_:
    case BtfKind::type_tag:
      return Layout{0, 0};
    case BtfKind::int_:
    case BtfKind::var:
    case BtfKind::decl_tag:
      return Layout{1, 0};
    case BtfKind::array:
      return Layout{3, 0};
    case BtfKind::enum_:
    case BtfKind::func_proto:
      return Layout{0, 2};
    case BtfKind::struct_:
    case BtfKind::union_:
    case BtfKind::datasec:
    case BtfKind::enum64:
      return Layout{0, 3};
    case BtfKind::void_:
      break;
  }
  return std::nullopt;
}

// A type that is made from exactly one other: the third word says which.
bool is_reference(BtfKind kind) noexcept {
  switch (kind) {
    case BtfKind::ptr:
    case BtfKind::typedef_:
    case BtfKind::volatile_:
    case BtfKind::const_:
    case BtfKind::restrict_:
    case BtfKind::func:
    case BtfKind::func_proto:
    case BtfKind::var:
    case BtfKind::decl_tag:
    case BtfKind::type_tag:
      return true;
    default:
      return false;
  }
}

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, std::shared_ptr<const BtfData> base, std::string_view path)
      : bytes_(bytes), path_(path) {
    parts_.base = std::move(base);
  }

  std::shared_ptr<const BtfData> parse() {
    read_header();
    read_strings();
    read_words();
    find_records();
    for (std::size_t own = 0; own < parts_.records.size(); ++own)
      check_record(own);
    check_chains();
    parts_.pointer_size = pointer_size();
    return std::make_shared<const BtfData>(std::move(parts_));
  }

 private:
  struct Section {
    std::size_t offset = 0;  // in the file
    std::size_t length = 0;
  };

  [[noreturn]] void fail(const std::string& what, std::size_t offset) const {
    throw Error(std::errc::invalid_argument, "parse BTF, at byte " + std::to_string(offset) + ": " + what + " in",
                path_.empty() ? "the given bytes" : path_);
  }

  [[noreturn]] void fail_in_type(std::size_t own, std::size_t word, const std::string& what) const {
    const BtfKind kind = btf_kind(parts_.words[parts_.records[own] + 1]);
    fail("type " + std::to_string(first_id() + own) + " (" + std::string(to_string(kind)) + ") " + what,
         types_.offset + word * sizeof(std::uint32_t));
  }

  [[nodiscard]] std::uint32_t word_at(std::size_t offset) const noexcept {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes_.data() + offset, sizeof word);
    return parts_.foreign_endian ? swapped(word) : word;
  }

  [[nodiscard]] Section section(std::size_t field, std::size_t header, const char* name) const {
    const std::uint64_t offset = std::uint64_t{header} + word_at(field);
    const std::uint64_t length = word_at(field + 4);
    if (offset + length > bytes_.size())
      fail(std::string("the ") + name + " section reaches " + std::to_string(offset + length - bytes_.size()) +
               " bytes beyond the end",
           field);
    return {static_cast<std::size_t>(offset), static_cast<std::size_t>(length)};
  }

  void read_header() {
    if (bytes_.size() < kHeaderBytes)
      fail("cut inside the header", bytes_.size());
    std::uint16_t magic = 0;
    std::memcpy(&magic, bytes_.data(), sizeof magic);
    parts_.foreign_endian = magic != kMagic;
    if (parts_.foreign_endian && static_cast<std::uint16_t>(magic << 8U | magic >> 8U) != kMagic)
      fail("no BTF: the magic number is missing", 0);
    if (bytes_[2] != std::byte{1})
      fail("BTF of version " + std::to_string(std::to_integer<unsigned>(bytes_[2])) + ", not 1", 2);
    if (bytes_[3] != std::byte{0})
      fail("flags that no kernel has set", 3);
    const std::uint32_t header = word_at(4);
    if (header < kHeaderBytes || header > bytes_.size())
      fail("a header of " + std::to_string(header) + " bytes", 4);
    types_ = section(8, header, "type");
    strings_ = section(16, header, "string");
    if (header >= kLayoutHeaderBytes)
      layouts_ = section(24, header, "layout");
  }

  void read_strings() {
    const auto* text = reinterpret_cast<const char*>(bytes_.data()) + strings_.offset;
    parts_.strings.assign(text, strings_.length);
    if (!parts_.base && (parts_.strings.empty() || parts_.strings.front() != '\0'))
      fail("the names do not begin with an empty one: if this is a module's BTF it needs that of the kernel as base",
           strings_.offset);
    if (!parts_.strings.empty() && parts_.strings.back() != '\0')
      fail("the last name does not end", strings_.offset + strings_.length - 1);
    for (std::size_t at = 0; at < parts_.strings.size();) {
      const std::size_t length = std::strlen(parts_.strings.c_str() + at);
      if (length > kLongestName)
        fail("a name of " + std::to_string(length) + " bytes", strings_.offset + at);
      at += length + 1;
    }
    string_end_ = parts_.strings.size() + (parts_.base ? parts_.base->string_end() : 0);
  }

  void read_words() {
    if (types_.length % sizeof(std::uint32_t) != 0)
      fail("the type section is no whole number of words", types_.offset + types_.length);
    parts_.words.resize(types_.length / sizeof(std::uint32_t));
    if (!parts_.words.empty())
      std::memcpy(parts_.words.data(), bytes_.data() + types_.offset, types_.length);
    if (parts_.foreign_endian)
      std::ranges::transform(parts_.words, parts_.words.begin(), swapped);
  }

  // A newer kernel says how long the records of each kind are: {u8 bytes, u8 bytes of each part, u16 flags} by kind.
  [[nodiscard]] std::optional<Layout> layout_of(BtfKind kind) const noexcept {
    if (const auto known = known_layout(kind))
      return known;
    const std::size_t offset = static_cast<std::size_t>(kind) * 4;
    if (kind == BtfKind::void_ || offset + 4 > layouts_.length)
      return std::nullopt;
    const auto own = std::to_integer<std::size_t>(bytes_[layouts_.offset + offset]);
    const auto each = std::to_integer<std::size_t>(bytes_[layouts_.offset + offset + 1]);
    if (own % sizeof(std::uint32_t) != 0 || each % sizeof(std::uint32_t) != 0)
      return std::nullopt;
    return Layout{own / sizeof(std::uint32_t), each / sizeof(std::uint32_t)};
  }

  void find_records() {
    parts_.records.reserve(parts_.words.size() / 8);  // vmlinux has some 9 words a type
    for (std::size_t at = 0; at < parts_.words.size();) {
      const std::size_t own = parts_.records.size();
      parts_.records.push_back(static_cast<std::uint32_t>(at));
      if (parts_.words.size() - at < kRecordWords) {
        fail("the type section ends inside type " + std::to_string(first_id() + own),
             types_.offset + at * sizeof(std::uint32_t));
      }
      const std::uint32_t info = parts_.words[at + 1];
      const auto layout = layout_of(btf_kind(info));
      if (!layout) {
        fail("type " + std::to_string(first_id() + own) + " is of kind " +
                 std::to_string(static_cast<unsigned>(btf_kind(info))) + ", whose length nothing tells",
             types_.offset + (at + 1) * sizeof(std::uint32_t));
      }
      const std::size_t length = kRecordWords + layout->own + layout->each * btf_count(info);
      if (length > parts_.words.size() - at)
        fail_in_type(own, at, "reaches beyond the type section");
      if (first_id() + own >= kMaxIds)
        fail("too many types", types_.offset + at * sizeof(std::uint32_t));
      at += length;
    }
    id_count_ = first_id() + parts_.records.size();
  }

  [[nodiscard]] std::uint32_t first_id() const noexcept { return parts_.base ? parts_.base->id_count() : 1; }

  void check_name(std::size_t own, std::size_t word) const {
    if (parts_.words[word] >= string_end_)
      fail_in_type(own, word, "has a name at " + std::to_string(parts_.words[word]) + ", beyond the names");
  }

  void check_id(std::size_t own, std::size_t word) const {
    if (parts_.words[word] >= id_count_)
      fail_in_type(own, word, "refers to type " + std::to_string(parts_.words[word]) + ", which there is not");
  }

  void check_record(std::size_t own) const {
    const std::size_t at = parts_.records[own];
    const std::uint32_t info = parts_.words[at + 1];
    const BtfKind kind = btf_kind(info);
    check_name(own, at);
    if (is_reference(kind))
      check_id(own, at + 2);
    const std::size_t parts = at + kRecordWords;
    switch (kind) {
      case BtfKind::array:
        check_id(own, parts);
        check_id(own, parts + 1);
        break;
      case BtfKind::struct_:
      case BtfKind::union_:
        for (std::size_t i = 0; i < btf_count(info); ++i) {
          check_name(own, parts + 3 * i);
          check_id(own, parts + 3 * i + 1);
        }
        break;
      case BtfKind::enum_:
        for (std::size_t i = 0; i < btf_count(info); ++i)
          check_name(own, parts + 2 * i);
        break;
      case BtfKind::enum64:
        for (std::size_t i = 0; i < btf_count(info); ++i)
          check_name(own, parts + 3 * i);
        break;
      case BtfKind::func_proto:
        for (std::size_t i = 0; i < btf_count(info); ++i) {
          check_name(own, parts + 2 * i);
          check_id(own, parts + 2 * i + 1);
        }
        break;
      case BtfKind::datasec:
        for (std::size_t i = 0; i < btf_count(info); ++i)
          check_id(own, parts + 3 * i);
        break;
      default:
        break;
    }
  }

  // The own type that this one cannot do without; a prototype can, and a struct, which pointers may lead back to.
  [[nodiscard]] std::optional<std::size_t> made_from(std::size_t own) const noexcept {
    const std::size_t at = parts_.records[own];
    const BtfKind kind = btf_kind(parts_.words[at + 1]);
    std::uint32_t id = 0;
    if (kind == BtfKind::array)
      id = parts_.words[at + kRecordWords];
    else if (is_reference(kind) && kind != BtfKind::func_proto)
      id = parts_.words[at + 2];
    if (id < first_id())
      return std::nullopt;  // void, or of the base, which knows nothing of us
    return id - first_id();
  }

  // No type is made from itself, and none from a long chain of others, so whoever follows pointers, typedefs and arrays
  // comes to an end soon.
  void check_chains() const {
    constexpr std::size_t kDeepest = 64;  // C needs some ten, and the kernel takes 32 (MAX_RESOLVE_DEPTH, Linux 6.12)
    std::vector<std::uint8_t> depths(parts_.records.size());  // how many types one is made from, itself included
    std::vector<std::size_t> chain;
    for (std::size_t start = 0; start < depths.size(); ++start) {
      chain.clear();
      std::optional<std::size_t> own = start;
      for (; own && depths[*own] == 0; own = made_from(*own)) {
        if (std::ranges::find(chain, *own) != chain.end())
          fail_in_type(*own, parts_.records[*own], "is made from itself");
        if (chain.size() == kDeepest)
          fail_in_deep_chain(start, kDeepest);
        chain.push_back(*own);
      }
      std::size_t depth = own ? depths[*own] : 0;
      if (depth + chain.size() > kDeepest)
        fail_in_deep_chain(start, kDeepest);
      for (const std::size_t link : std::views::reverse(chain))
        depths[link] = static_cast<std::uint8_t>(++depth);
    }
  }

  [[noreturn]] void fail_in_deep_chain(std::size_t own, std::size_t deepest) const {
    fail_in_type(own, parts_.records[own], "is made from a chain of more than " + std::to_string(deepest) + " types");
  }

  // BTF does not say how wide a pointer is, but Linux has both of one width.
  [[nodiscard]] std::uint8_t pointer_size() const {
    for (const std::uint32_t at : parts_.records) {
      if (btf_kind(parts_.words[at + 1]) != BtfKind::int_ || parts_.words[at] < string_end_ - parts_.strings.size())
        continue;
      const char* name = parts_.strings.c_str() + (parts_.words[at] - (string_end_ - parts_.strings.size()));
      const std::uint32_t size = parts_.words[at + 2];
      const bool is_long = std::strcmp(name, "long") == 0 || std::strcmp(name, "long int") == 0 ||
                           std::strcmp(name, "unsigned long") == 0 || std::strcmp(name, "long unsigned int") == 0;
      if (is_long && (size == 4 || size == 8))
        return static_cast<std::uint8_t>(size);
    }
    return parts_.base ? parts_.base->pointer_size() : 8;
  }

  std::span<const std::byte> bytes_;
  std::string_view path_;
  BtfData::Parts parts_;
  Section types_;
  Section strings_;
  Section layouts_;
  std::uint64_t string_end_ = 0;
  std::uint64_t id_count_ = 0;
};

}  // namespace

std::shared_ptr<const BtfData> parse_btf(std::span<const std::byte> bytes, std::shared_ptr<const BtfData> base,
                                         std::string_view path) {
  return Parser(bytes, std::move(base), path).parse();
}

}  // namespace fathom::detail
