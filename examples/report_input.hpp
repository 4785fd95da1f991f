#pragma once

#include "common/mapped_file.hpp"

#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/task_names.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>

#include <cstdint>
#include <memory>
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

  fathom::TraceDatReader& file() { return file_; }
  const fathom::FormatRegistry& formats() const { return formats_; }
  const fathom::KallsymsIndex& symbols() const { return symbols_; }

 private:
  examples::MappedFile mapped_;
  std::unique_ptr<const fathom::Codec> codec_;
  fathom::TraceDatReader file_;
  fathom::FormatRegistry formats_;
  fathom::KallsymsIndex symbols_;
};

}  // namespace report
