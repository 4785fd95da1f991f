#include "journal_file.hpp"
#include "retry.hpp"
#include "setting.hpp"
#include "text.hpp"

#include <fathom/tracefs/owner.hpp>
#include <fathom/tracefs/state_journal.hpp>
#include <fathom/tracefs/trace_array.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace fathom {

namespace {

std::string in_use_hint(int pid) {
  if (pid == 0)
    return "the top level of tracefs is in use by another process of this library; end that first";
  return "the top level of tracefs is in use by pid " + std::to_string(pid) + "; end that first";
}

std::string boot_id(const std::string& proc) {
  std::ifstream file(proc + "/sys/kernel/random/boot_id");
  std::string line;
  std::getline(file, line);
  return line.empty() ? "unknown" : line;
}

// What can't be put back because the thing itself is gone (a module, an event) or cannot be read: there is no next
// time.
bool is_hopeless(const Error& error) {
  return error.code() == std::errc::no_such_file_or_directory || error.code() == std::errc::invalid_argument ||
         error.code() == std::errc::no_such_device || error.code() == std::errc::bad_file_descriptor ||
         error.code() == std::errc::not_supported;
}

// What goes back at the end, in this order: the tracer after everything that it obeys, then what it resets, then the
// switch.
constexpr std::array<std::string_view, 3> kLast = {"current_tracer", "tracing_max_latency", "tracing_on"};

bool is_last(const tracefs::JournalRecord& record) {
  return std::ranges::find(kLast, record.path) != kLast.end();
}

bool needs_nop(std::string_view path) {
  return path == "current_tracer" || path.starts_with("set_ftrace_") || path.starts_with("set_graph_");
}

// Puts values back, each by itself, and remembers the first thing that went wrong.
class Restorer {
 public:
  explicit Restorer(const std::shared_ptr<TraceFiles>& files) : files_(files) {}

  void put_back(std::vector<tracefs::JournalRecord> records) {
    std::ranges::reverse(records);  // newest first
    if (std::ranges::any_of(records, needs_nop, &tracefs::JournalRecord::path))
      attempt([&] { set_nop(records); });
    for (const tracefs::JournalRecord& record : records) {
      if (!is_last(record))
        put_back(record);
    }
    for (const std::string_view path : kLast) {
      const auto record = std::ranges::find(records, path, &tracefs::JournalRecord::path);
      if (record != records.end())
        put_back(*record);
    }
  }

  /// Throws it, if there was something.
  void report() const {
    if (first_error_)
      std::rethrow_exception(first_error_);
  }

 private:
  // A filter that is taken away under a live function tracer has the kernel trace everything, and hung Linux 6.1-rt.
  // What this changes itself goes back with the rest.
  void set_nop(std::vector<tracefs::JournalRecord>& records) {
    TraceArray top(files_, "");
    const Tracer current = top.current_tracer();
    if (current == Tracer::nop)
      return;
    for (const char* const path : {"tracing_on", "current_tracer"}) {
      if (std::ranges::find(records, path, &tracefs::JournalRecord::path) == records.end())
        records.push_back({path, files_->read(path)});
    }
    top.set_tracing_on(false);
    tracefs::while_busy([&] { top.set_current_tracer(Tracer::nop); });
  }

  void put_back(const tracefs::JournalRecord& record) {
    attempt([&] { tracefs::restore_setting(files_, record.path, record.value); });
  }

  template <typename Action>
  void attempt(Action action) {
    try {
      action();
    } catch (const Error& error) {
      if (!first_error_ && !is_hopeless(error))
        first_error_ = std::current_exception();
    }
  }

  std::shared_ptr<TraceFiles> files_;
  std::exception_ptr first_error_;
};

// The tracefs with each write to a setting reported before it is done.
class JournalledFiles final : public TraceFiles {
 public:
  using Save = std::function<void(std::string_view path)>;

  JournalledFiles(std::shared_ptr<TraceFiles> files, Save save) : files_(std::move(files)), save_(std::move(save)) {}

  [[nodiscard]] const std::string& root() const noexcept override { return files_->root(); }
  [[nodiscard]] bool exists(std::string_view path) override { return files_->exists(path); }
  [[nodiscard]] std::string read(std::string_view path) override { return files_->read(path); }
  void write_each(std::string_view path, WriteMode mode, std::span<const std::string> texts) override {
    save_(path);
    files_->write_each(path, mode, texts);
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view path) override { return files_->list(path); }
  [[nodiscard]] bool is_directory(std::string_view path) override { return files_->is_directory(path); }
  void make_directory(std::string_view path) override { files_->make_directory(path); }
  void remove_directory(std::string_view path) override { files_->remove_directory(path); }
  [[nodiscard]] std::unique_ptr<TraceStream> open_stream(std::string_view path, bool non_blocking) override {
    return files_->open_stream(path, non_blocking);
  }

 private:
  std::shared_ptr<TraceFiles> files_;
  Save save_;
};

// The same, with whose settings they are and who says so.
Error of_predecessor(const Error& error, int pid, const std::string& journal) {
  return {error.code(),
          "put back what pid " + std::to_string(pid) + " left behind, as " + journal + " says: " + error.action(),
          error.path(), error.hint()};
}

// Puts back what is in a journal that was found unheld. Throws Error, and leaves the journal as it is, if that fails.
void restore_left_over(const std::shared_ptr<TraceFiles>& files, tracefs::JournalFile& file, const std::string& proc) {
  const std::string boot = boot_id(proc);
  const tracefs::LeftOver left = file.left_over(boot);
  if (!left.records.empty()) {
    file.write_owner(Owner::current(proc).pid, boot);
    Restorer restorer(files);
    restorer.put_back(left.records);
    try {
      restorer.report();
    } catch (const Error& error) {
      throw of_predecessor(error, left.pid, file.path());
    }
  }
  file.clear();
}

}  // namespace

BusyError::BusyError(int pid, std::string_view path) : Error(EBUSY, "lock", path, in_use_hint(pid)), pid_(pid) {}

struct StateJournal::Impl {
  Impl(std::shared_ptr<TraceFiles> plain_files, StateJournalOptions journal_options)
      : plain(std::move(plain_files)), options(std::move(journal_options)), file(lock(options)) {
    restore_left_over(plain, *file, options.proc);
    file->write_owner(Owner::current(options.proc).pid, boot_id(options.proc));
    journalled = std::make_shared<JournalledFiles>(plain, [this](std::string_view path) { save(path); });
  }

  static std::optional<tracefs::JournalFile> lock(const StateJournalOptions& options) {
    auto locked = tracefs::JournalFile::lock(options.directory, tracefs::JournalFile::Missing::create);
    if (!locked)
      throw BusyError(tracefs::JournalFile::holder(options.directory), options.directory);
    return locked;
  }

  void save(std::string_view path) {
    const std::lock_guard lock(mutex);
    if (!tracefs::is_top_level_setting(path))
      return;
    for (const std::string& setting : tracefs::settings_behind(*plain, path))
      save_one(setting);
  }

  void save_one(const std::string& path) {
    if (std::ranges::find(saved, path, &tracefs::JournalRecord::path) != saved.end() || !plain->exists(path))
      return;
    tracefs::JournalRecord record{path, plain->read(path)};
    file->append(record);
    saved.push_back(std::move(record));
  }

  void restore() {
    const std::lock_guard lock(mutex);
    if (saved.empty())
      return;
    Restorer restorer(plain);
    restorer.put_back(saved);
    restorer.report();
    file->clear();
    saved.clear();
    file->write_owner(Owner::current(options.proc).pid, boot_id(options.proc));
  }

  std::shared_ptr<TraceFiles> plain;
  StateJournalOptions options;
  std::optional<tracefs::JournalFile> file;
  std::shared_ptr<TraceFiles> journalled;
  std::mutex mutex;
  std::vector<tracefs::JournalRecord> saved;
};

StateJournal::StateJournal(std::shared_ptr<TraceFiles> files, StateJournalOptions options)
    : impl_(std::make_unique<Impl>(std::move(files), std::move(options))) {}

StateJournal::~StateJournal() {
  if (!impl_)
    return;
  try {
    impl_->restore();
    impl_->file->remove();
  } catch (const std::exception&) {
    // There is nobody left to tell; the journal stays for the next run.
  }
}

StateJournal::StateJournal(StateJournal&& other) noexcept = default;
StateJournal& StateJournal::operator=(StateJournal&& other) noexcept {
  // The old one restores and lets go as `other` goes out of scope.
  std::swap(impl_, other.impl_);
  return *this;
}

const std::shared_ptr<TraceFiles>& StateJournal::files() const noexcept {
  return impl_->journalled;
}

void StateJournal::save(std::string_view path) {
  impl_->save(path);
}

void StateJournal::restore() {
  impl_->restore();
}

bool StateJournal::recover(const std::shared_ptr<TraceFiles>& files, const StateJournalOptions& options) {
  auto file = tracefs::JournalFile::lock(options.directory, tracefs::JournalFile::Missing::leave);
  if (!file)
    return tracefs::JournalFile::holder(options.directory) == 0;
  restore_left_over(files, *file, options.proc);
  file->remove();
  return true;
}

}  // namespace fathom
