#include "dat_output.hpp"

#include <fathom/base/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ostream>
#include <utility>

namespace fathom::tracedat {

ByteBuilder& ByteBuilder::bytes(std::span<const std::byte> bytes) {
  built_.insert(built_.end(), bytes.begin(), bytes.end());
  return *this;
}

ByteBuilder& ByteBuilder::text(std::string_view text) {
  return bytes(std::as_bytes(std::span(text.data(), text.size())));
}

ByteBuilder& ByteBuilder::string(std::string_view text) {
  this->text(text.substr(0, text.find('\0')));
  built_.push_back(std::byte{0});
  return *this;
}

ByteBuilder& ByteBuilder::number(std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    built_.push_back(static_cast<std::byte>(value >> 8 * (order_ == std::endian::little ? i : size - 1 - i)));
  return *this;
}

DatOutput::DatOutput(std::ostream& out, std::string path) : out_(&out), path_(std::move(path)) {
  errno = 0;
  const auto at = out.tellp();
  check();
  if (at == std::ostream::pos_type(-1))
    throw Error(std::errc::invalid_seek, "write the trace.dat", path_,
                "its parts point to each other: write into a file");
  start_ = static_cast<std::uint64_t>(std::streamoff{at});
}

void DatOutput::write(std::span<const std::byte> bytes) {
  errno = 0;
  out_->write(reinterpret_cast<const char*>(bytes.data()),  // NOLINT: a stream takes char
              static_cast<std::streamsize>(bytes.size()));
  check();
  at_ += bytes.size();
}

void DatOutput::align(std::uint64_t to) {
  static constexpr std::array<std::byte, 4096> kZeros{};
  std::uint64_t missing = (to - at_ % to) % to;
  while (missing > 0) {
    const auto now = std::min<std::uint64_t>(missing, kZeros.size());
    write(std::span(kZeros).first(now));
    missing -= now;
  }
}

void DatOutput::rewrite(std::uint64_t at, const ByteBuilder& bytes) {
  errno = 0;
  out_->seekp(static_cast<std::streamoff>(start_ + at));
  check();
  const std::uint64_t end = at_;
  write(bytes);
  at_ = end;
  errno = 0;
  out_->seekp(static_cast<std::streamoff>(start_ + end));
  check();
}

void DatOutput::flush() {
  errno = 0;
  out_->flush();
  check();
}

// A stream keeps no reason; the system's stays in errno where there was one.
void DatOutput::check() const {
  const int error = errno;
  if (*out_)
    return;
  if (error != 0)
    throw Error(error, "write the trace.dat", path_, error == ENOSPC ? "make room, or write it elsewhere" : "");
  throw Error(std::errc::io_error, "write the trace.dat", path_);
}

}  // namespace fathom::tracedat
