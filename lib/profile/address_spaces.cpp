#include "address_spaces.hpp"

#include <limits>
#include <utility>

namespace fathom::profile {

AddressSpaces::Space& AddressSpaces::change(Pid pid) {
  Process& process = spaces_[pid];
  process.generation = ++generations_;
  if (process.space == nullptr) {
    process.space = std::make_shared<Space>();
    process.threads = {pid};
  } else if (process.space.use_count() > 1) {
    process.space = std::make_shared<Space>(*process.space);
  }
  return *process.space;
}

// What was there before gives way: all of it, or the part that is covered.
void AddressSpaces::insert(Space& space, CodeMapping mapping) {
  auto at = space.lower_bound(mapping.start);
  if (at != space.begin()) {
    CodeMapping& before = std::prev(at)->second;
    if (before.end > mapping.end) {
      CodeMapping rest = before;
      rest.offset += mapping.end - rest.start;
      rest.start = mapping.end;
      at = space.emplace_hint(at, rest.start, std::move(rest));
    }
    before.end = std::min(before.end, mapping.start);
  }
  while (at != space.end() && at->second.start < mapping.end) {
    CodeMapping covered = std::move(at->second);
    at = space.erase(at);
    if (covered.end > mapping.end) {
      covered.offset += mapping.end - covered.start;
      covered.start = mapping.end;
      at = space.emplace_hint(at, covered.start, std::move(covered));
    }
  }
  const std::uint64_t start = mapping.start;
  space.insert_or_assign(start, std::move(mapping));
}

void AddressSpaces::load(Pid pid, const ProcessMap& map, const std::vector<Pid>& threads) {
  Process& process = spaces_[pid];
  process.space = std::make_shared<Space>();
  process.generation = ++generations_;
  process.threads = {threads.begin(), threads.end()};
  for (const ProcessMapping& line : map.mappings) {
    if (line.executable && line.start < line.end)
      insert(*process.space, {.start = line.start,
                              .end = line.end,
                              .offset = line.offset,
                              .path = line.path,
                              .dev_major = line.dev_major,
                              .dev_minor = line.dev_minor,
                              .inode = line.inode});
  }
}

void AddressSpaces::apply(const MapRecord& record) {
  if (record.length == 0 || record.length > std::numeric_limits<std::uint64_t>::max() - record.address)
    return;
  insert(change(record.pid), {.start = record.address,
                              .end = record.address + record.length,
                              .offset = record.offset,
                              .path = record.path,
                              .build_id = record.build_id,
                              .dev_major = record.dev_major,
                              .dev_minor = record.dev_minor,
                              .inode = record.inode});
}

void AddressSpaces::apply(const ExecRecord& record) {
  Process& process = spaces_[record.pid];
  process.space = std::make_shared<Space>();
  process.generation = ++generations_;
  process.threads = {record.pid};  // whichever called it has that number now, and the others have ended
}

void AddressSpaces::apply(const ForkRecord& record) {
  if (record.pid == record.parent) {
    if (const auto process = spaces_.find(record.pid); process != spaces_.end())
      process->second.threads.insert(record.tid);
    return;
  }
  const auto parent = spaces_.find(record.parent);
  if (parent == spaces_.end())
    return;
  const std::shared_ptr<Space> space = parent->second.space;
  spaces_[record.pid] = {.space = space, .generation = ++generations_, .threads = {record.tid}};
}

void AddressSpaces::apply(const ExitRecord& record) {
  const auto process = spaces_.find(record.pid);
  if (process == spaces_.end())
    return;
  process->second.threads.erase(record.tid);
  if (process->second.threads.empty())
    spaces_.erase(process);
}

std::uint64_t AddressSpaces::generation(Pid pid) const {
  const auto found = spaces_.find(pid);
  return found == spaces_.end() ? 0 : found->second.generation;
}

const CodeMapping* AddressSpaces::find(Pid pid, std::uint64_t address) const {
  const auto found = spaces_.find(pid);
  if (found == spaces_.end())
    return nullptr;
  const Space& space = *found->second.space;
  auto at = space.upper_bound(address);
  if (at == space.begin())
    return nullptr;
  const CodeMapping& mapping = std::prev(at)->second;
  return address < mapping.end ? &mapping : nullptr;
}

}  // namespace fathom::profile
