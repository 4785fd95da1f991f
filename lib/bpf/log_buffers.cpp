#include "log_buffers.hpp"

#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace fathom::bpf {

namespace {

// The kernel took at most 16 MB - 1 before Linux 5.2 and takes 1 GB - 1 since (kernel/bpf/verifier.c, UINT_MAX >> 2).
constexpr std::size_t kFirst = (std::size_t{16} << 20) - 1;
constexpr std::size_t kMost = (std::size_t{1} << 30) - 1;
constexpr std::size_t kFactor = 4;

char* reserve(std::size_t size) {
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == MAP_FAILED ? nullptr : static_cast<char*>(address);
}

}  // namespace

LogBuffers::~LogBuffers() {
  for (const Buffer& buffer : buffers_) {
    if (buffer.address != nullptr)
      ::munmap(buffer.address, buffer.size);
  }
}

void LogBuffers::give_to(bpf_object* object) {
  std::size_t index = 0;
  for (bpf_program* program = bpf_object__next_program(object, nullptr); program != nullptr;
       program = bpf_object__next_program(object, program), ++index) {
    if (index == buffers_.size())
      buffers_.push_back({reserve(kFirst), kFirst});
    // Without one libbpf uses a buffer of its own.
    if (const Buffer& buffer = buffers_[index]; buffer.address != nullptr) {
      buffer.address[0] = '\0';
      bpf_program__set_log_buf(program, buffer.address, buffer.size);
    }
  }
}

std::string_view LogBuffers::log(std::size_t program) const {
  if (program >= buffers_.size() || buffers_[program].address == nullptr)
    return {};
  return {buffers_[program].address, ::strnlen(buffers_[program].address, buffers_[program].size)};
}

std::optional<std::size_t> LogBuffers::last_written() const {
  for (std::size_t program = buffers_.size(); program-- > 0;) {
    if (!log(program).empty())
      return program;
  }
  return std::nullopt;
}

bool LogBuffers::grow(std::size_t program) {
  if (program >= buffers_.size() || buffers_[program].address == nullptr || buffers_[program].size >= kMost)
    return false;
  Buffer& buffer = buffers_[program];
  const std::size_t size = std::min(kMost, (buffer.size + 1) * kFactor - 1);
  char* const larger = reserve(size);
  if (larger == nullptr)
    return false;
  ::munmap(buffer.address, buffer.size);
  buffer = {larger, size};
  return true;
}

}  // namespace fathom::bpf
