#pragma once

#include <fathom/base/unique_fd.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::tracefs {

/// One setting and the value it had.
struct JournalRecord {
  std::string path;
  std::string value;
};

/// The settings that dead owners did not put back.
struct LeftOver {
  int pid = 0;  ///< the last owner that changed something
  std::vector<JournalRecord> records;
};

/// The journal on disk, held with flock as long as the object lives.
///
/// The file is a row of records, each `SIZE SIZE CHECKSUM\n` followed by path, value and a newline. A record with an
/// empty path names the owner. Reading stops at the first record that is not whole.
class JournalFile {
 public:
  enum class Missing : unsigned char { create, leave };

  /// Takes the lock. Empty where another process holds it, or (with Missing::leave) where there is no journal. Throws
  /// Error if the directory or file cannot be made, or must not be trusted.
  static std::optional<JournalFile> lock(const std::string& directory, Missing missing);
  /// The pid that the journal names; 0 if it cannot be read.
  static int holder(const std::string& directory);

  ~JournalFile();
  JournalFile(JournalFile&& other) noexcept = default;
  JournalFile& operator=(JournalFile&&) = delete;
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// What the owner before left behind, if that was in the same boot as `boot_id`.
  [[nodiscard]] LeftOver left_over(std::string_view boot_id) const;
  /// Names the owner, behind what is there.
  void write_owner(int pid, std::string_view boot_id);
  /// Adds a record. Throws Error, having added nothing, if there is no room.
  void append(const JournalRecord& record);
  /// Forgets all records.
  void clear();
  /// Removes the file; and the directory, whoever made it, if it is empty now.
  void remove() noexcept;

 private:
  JournalFile(UniqueFd directory_fd, UniqueFd fd, std::string directory, std::string path);

  UniqueFd directory_fd_;
  UniqueFd fd_;
  std::string directory_;
  std::string path_;
  std::size_t size_ = 0;  // of what is valid; the next record goes here
};

}  // namespace fathom::tracefs
