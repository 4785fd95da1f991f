#include "btf_data.hpp"

#include <fathom/base/error.hpp>
#include <fathom/btf/btf.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace fathom {

namespace {

std::string hint_for(int error) {
  if (error == ENOENT)
    return "the kernel has it with CONFIG_DEBUG_INFO_BTF, a module's with CONFIG_DEBUG_INFO_BTF_MODULES while it is "
           "loaded";
  return {};
}

// In either byte order; whether the rest is sound is for the parser to say.
bool begins_as_btf(const std::vector<std::byte>& bytes) {
  constexpr std::byte kFirst{0x9f};
  constexpr std::byte kSecond{0xeb};
  return bytes.size() >= 2 &&
         ((bytes[0] == kFirst && bytes[1] == kSecond) || (bytes[0] == kSecond && bytes[1] == kFirst));
}

// Files of sysfs may have no size, so it is read until it ends; but what is no BTF may not end at all.
std::vector<std::byte> read_file(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    const int error = errno;
    throw Error(error, "open", path, hint_for(error));
  }
  static_cast<void>(std::setvbuf(file.get(), nullptr, _IONBF, 0));
  std::vector<std::byte> bytes;
  for (std::size_t length = 0;;) {
    constexpr std::size_t kStep = std::size_t{1} << 20U;
    bytes.resize(length + kStep);
    errno = 0;
    const std::size_t got = std::fread(bytes.data() + length, 1, kStep, file.get());
    const int error = errno;
    length += got;
    if (got == kStep && begins_as_btf(bytes)) {
      // That of a distribution's kernel takes 5 to 10 MB.
      constexpr std::size_t kMost = std::size_t{256} << 20U;
      if (length >= kMost)
        throw Error(std::errc::file_too_large, "read", path, "BTF has less than 256 MiB");
      continue;
    }
    if (std::ferror(file.get()) != 0)
      throw Error(error, "read", path);
    bytes.resize(length);
    return bytes;
  }
}

}  // namespace

Btf Btf::load(const std::string& path) {
  return Btf(detail::parse_btf(read_file(path), nullptr, path));
}

Btf Btf::load(const std::string& path, const Btf& base) {
  return Btf(detail::parse_btf(read_file(path), base.data_, path));
}

}  // namespace fathom
