#pragma once

#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/detail/typed_map.hpp>
#include <fathom/bpf/map_options.hpp>
#include <fathom/bpf/record_check.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace fathom {

namespace detail {
class UserRing;
}  // namespace detail

/// Records from this process to BPF programs (BPF_MAP_TYPE_USER_RINGBUF), which take them with bpf_user_ringbuf_drain.
///
///     auto commands = bpf.map<fathom::UserRingBuffer>("commands");
///     if (!commands.push(Command{...})) ...                            // full: no program has drained it
///     if (auto record = commands.reserve(size)) { fill(record.bytes()); record.submit(); }    // without a copy
///
/// Records come out in the order in which they were reserved; one that is reserved and not yet submitted holds up those
/// behind it. The memory is shared with the kernel, so no call is a system call and none allocates. Copies are of one
/// mapping. Only one thread may reserve or push at a time, and only one mapping of a map may do so at all; submit() and
/// discard() may be called from any thread. Needs CAP_BPF. Throws BpfError. Linux 6.1.
class UserRingBuffer : public detail::TypedMap {
 public:
  /// A place for a record in the buffer. Move-only; what is not submitted is discarded by the destructor, but not by
  /// that of a forked child's copy.
  class Record {
   public:
    /// None.
    Record() = default;
    /// Takes over the place, so that the other has none.
    Record(Record&& other) noexcept
        : ring_(std::move(other.ring_)), bytes_(std::exchange(other.bytes_, std::span<std::byte>())) {}
    Record& operator=(Record&& other) noexcept;
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;
    ~Record();

    /// Whether there was room.
    [[nodiscard]] explicit operator bool() const noexcept { return !bytes_.empty(); }
    /// Where the record is to be written; aligned to 8 bytes.
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
    /// Gives it to the programs.
    void submit() noexcept;
    /// Gives up the place: programs do not see it.
    void discard() noexcept;

   private:
    friend class UserRingBuffer;
    Record(std::shared_ptr<detail::UserRing> ring, std::span<std::byte> bytes)
        : ring_(std::move(ring)), bytes_(bytes) {}

    std::shared_ptr<detail::UserRing> ring_;
    std::span<std::byte> bytes_;
  };

  UserRingBuffer(const UserRingBuffer&) noexcept = default;
  UserRingBuffer& operator=(const UserRingBuffer&) noexcept = default;
  /// A copy, so that what is left can be used.
  UserRingBuffer(UserRingBuffer&& other) noexcept
      : TypedMap(other), ring_(other.ring_) {}  // NOLINT(*-move-constructor-init)
  UserRingBuffer& operator=(UserRingBuffer&& other) noexcept { return *this = other; }  ///< the same
  ~UserRingBuffer() = default;

  /// A map that is there. Throws BpfError (bad_object) if it is of another type.
  explicit UserRingBuffer(BpfMap map);
  /// A new map: max_entries is its size in bytes, a power of two and a multiple of the page size.
  [[nodiscard]] static UserRingBuffer create(const MapOptions& options);
  /// The map that is pinned there.
  [[nodiscard]] static UserRingBuffer open_pinned(const std::string& path);

  /// A place for a record of 1 to 2^30 - 1 bytes; false if there is no room now, or never.
  [[nodiscard]] Record reserve(std::size_t size);
  /// Copies a record in; false if there is no room.
  template <BpfRecord T>
  [[nodiscard]] bool push(const T& record) {
    Record place = reserve(sizeof(T));
    if (!place)
      return false;
    std::memcpy(place.bytes().data(), &record, sizeof(T));
    place.submit();
    return true;
  }
  /// Bytes that no program has taken yet, headers of 8 bytes and padding included.
  [[nodiscard]] std::size_t pending_bytes() const noexcept;

 private:
  std::shared_ptr<detail::UserRing> ring_;
};

// The page of BpfMapClass stands for its specializations too.
/// \cond
template <class K, class V>
struct BpfMapClass<BpfMapType::user_ringbuf, K, V> {
  using Class = UserRingBuffer;
};
/// \endcond

}  // namespace fathom
