#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

struct bpf_object;

namespace fathom::bpf {

/// Room for the verifier's log of each program of an object. It is address space at first: pages come as the kernel
/// writes into them, and it writes nothing unless a program is refused or its log level asks for it.
class LogBuffers {
 public:
  LogBuffers() = default;
  ~LogBuffers();
  LogBuffers(const LogBuffers&) = delete;
  LogBuffers& operator=(const LogBuffers&) = delete;

  /// Gives every program of the object its buffer; the object must not load after these are gone.
  void give_to(bpf_object* object);
  /// What is in the buffer of this program, by its place in the object.
  [[nodiscard]] std::string_view log(std::size_t program) const;
  /// The last program that there is a log of.
  [[nodiscard]] std::optional<std::size_t> last_written() const;
  /// Makes that buffer larger, for the next give_to(); false if it is as large as the kernel takes, or if there is no
  /// address space.
  [[nodiscard]] bool grow(std::size_t program);

 private:
  struct Buffer {
    char* address = nullptr;
    std::size_t size = 0;
  };
  std::vector<Buffer> buffers_;
};

}  // namespace fathom::bpf
