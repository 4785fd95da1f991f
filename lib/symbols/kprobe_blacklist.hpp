#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::symbols {

/// Where kprobes may not be: `kprobes/blacklist` of debugfs.
class KprobeBlacklist {
 public:
  /// 0xffffffff81c00990-0xffffffff81c009b0	asm_exc_divide_error
  /// The addresses are zeros for whoever may not see them.
  static KprobeBlacklist parse(std::string_view text);

  [[nodiscard]] bool contains(std::uint64_t address) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return names_.contains(name); }

 private:
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  std::vector<Range> ranges_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace fathom::symbols
