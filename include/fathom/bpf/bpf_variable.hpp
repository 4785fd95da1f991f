#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace fathom {

/// A global variable of a loaded object, in the memory that the programs themselves use.
///
///     fathom::BpfVariable<std::uint64_t> hits = bpf.variable<std::uint64_t>("hits");
///     std::cout << hits.load() << '\n';
///     bpf.variable<int>("target_pid").store(getpid());
///     auto limit = bpf.variable<const int>("limit");         // .rodata can only be read: const
///
/// Programs may write at any moment, on other CPUs. load(), store() and fetch_add() are atomic; the operators of the
/// BPF side's `__sync_fetch_and_add` fit them. What is larger than 8 bytes can only be reached by get(), which may see
/// half of a change. No call copies through the kernel: it is a shared mapping, which a handle keeps alive. Copies are
/// of one variable; a move is a copy.
template <class T>
class BpfVariable {
  static_assert(std::is_trivially_copyable_v<T>, "a variable is memory shared with the kernel");
  using Value = std::remove_const_t<T>;

 public:
  /// Of a mapping that lives as long as `mapping`.
  BpfVariable(std::shared_ptr<const void> mapping, T* address) : mapping_(std::move(mapping)), address_(address) {}
  BpfVariable(const BpfVariable&) noexcept = default;
  BpfVariable& operator=(const BpfVariable&) noexcept = default;
  /// A copy, so that what is left can be used.
  BpfVariable(BpfVariable&& other) noexcept
      : mapping_(other.mapping_), address_(other.address_) {}  // NOLINT(performance-move-constructor-init)
  BpfVariable& operator=(BpfVariable&& other) noexcept { return *this = other; }  ///< the same
  ~BpfVariable() = default;

  /// The memory itself. Valid as long as a copy of this lives.
  [[nodiscard]] T& get() const noexcept { return *address_; }

  /// Reads it, as one access.
  [[nodiscard]] Value load(std::memory_order order = std::memory_order_seq_cst) const noexcept
    requires(std::atomic_ref<Value>::is_always_lock_free)
  {
    // Reading what is const is no different, but std::atomic_ref<const T> came with C++26.
    return std::atomic_ref<Value>(const_cast<Value&>(*address_)).load(order);  // NOLINT(*-const-cast)
  }
  /// Writes it, as one access.
  void store(Value value, std::memory_order order = std::memory_order_seq_cst) const noexcept
    requires(!std::is_const_v<T> && std::atomic_ref<Value>::is_always_lock_free)
  {
    std::atomic_ref<Value>(*address_).store(value, order);
  }
  /// Adds and gives what it was before, as one access.
  Value fetch_add(Value value, std::memory_order order = std::memory_order_seq_cst) const noexcept
    requires(!std::is_const_v<T> && std::is_integral_v<Value> && std::atomic_ref<Value>::is_always_lock_free)
  {
    return std::atomic_ref<Value>(*address_).fetch_add(value, order);
  }

 private:
  std::shared_ptr<const void> mapping_;
  T* address_;
};

}  // namespace fathom
