#pragma once

#include "common/mapped_file.hpp"

#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/task_names.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace report {

/// A trace.dat, opened.
class Input {
 public:
  explicit Input(const std::string& path);

  /// One CPU of one buffer.
  struct Source {
    const fathom::TraceDatBuffer* buffer;
    std::uint32_t cpu;
    fathom::TraceDatBytes pages;
  };
  /// All of them. Decompresses what is compressed.
  std::vector<Source> sources();

  /// Where these pages stand in the file; nowhere if they were decompressed.
  std::optional<std::uint64_t> place(std::span<const std::byte> pages) const;
  /// The file, open to be read.
  int descriptor() const { return descriptor_.get(); }

  fathom::TraceDatReader& file() { return file_; }
  const fathom::FormatRegistry& formats() const { return formats_; }
  /// Read when they are asked for first.
  const fathom::KallsymsIndex& symbols();

 private:
  fathom::UniqueFd descriptor_;
  examples::MappedFile mapped_;
  std::unique_ptr<const fathom::Codec> codec_;
  fathom::TraceDatReader file_;
  fathom::FormatRegistry formats_;
  std::optional<fathom::KallsymsIndex> symbols_;
};

}  // namespace report
