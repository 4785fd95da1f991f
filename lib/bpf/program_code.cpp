#include "error_cause.hpp"

#include <fathom/base/unique_fd.hpp>
#include <fathom/bpf/program_code.hpp>
#include <fathom/btf/btf.hpp>

#include <bpf/bpf.h>
#include <linux/btf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>

namespace fathom {

namespace {

std::uint64_t address(const void* data) {
  return reinterpret_cast<std::uintptr_t>(data);
}

bpf_prog_info ask(const BpfProgram& program, bpf_prog_info info) {
  __u32 size = sizeof info;
  if (::bpf_obj_get_info_by_fd(program.native_handle(), &info, &size) != 0) {
    const int error = errno;
    throw bpf::failed(error, "read the code of", program.object_name(), program.name());
  }
  return info;
}

std::vector<std::byte> read_btf(std::uint32_t id, const BpfProgram& program) {
  const UniqueFd fd(::bpf_btf_get_fd_by_id(id));
  bpf_btf_info info{};
  __u32 size = sizeof info;
  std::vector<std::byte> bytes;
  int error = fd ? 0 : errno;
  if (error == 0 && ::bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0)
    error = errno;
  if (error == 0) {
    bytes.resize(info.btf_size);
    info = {};
    info.btf = address(bytes.data());
    info.btf_size = static_cast<__u32>(bytes.size());
    size = sizeof info;
    if (::bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0)
      error = errno;
  }
  if (error != 0)
    throw bpf::failed(error, "read the BTF of", program.object_name(), program.name());
  return bytes;
}

// The string at `offset` of a BTF's strings; empty if there is none.
std::string string_at(std::span<const std::byte> btf, std::uint32_t offset) {
  btf_header header{};
  if (btf.size() < sizeof header)
    return {};
  std::memcpy(&header, btf.data(), sizeof header);
  const std::uint64_t start = std::uint64_t{header.hdr_len} + header.str_off;
  if (offset >= header.str_len || start + header.str_len > btf.size())
    return {};
  const auto* const text = reinterpret_cast<const char*>(btf.data() + start + offset);
  return {text, ::strnlen(text, header.str_len - offset)};
}

// What the kernel copies, with the sizes of its records, which may be larger than those that are known here.
template <class Record>
std::vector<Record> records(const std::vector<std::byte>& bytes, std::size_t record_size, std::size_t count) {
  std::vector<Record> all(record_size == 0 ? 0 : std::min(count, bytes.size() / record_size));
  for (std::size_t i = 0; i < all.size(); ++i)
    std::memcpy(&all[i], bytes.data() + i * record_size, std::min(sizeof(Record), record_size));
  return all;
}

}  // namespace

BpfCode read_code(const BpfProgram& program) {
  const bpf_prog_info sizes = ask(program, {});
  BpfCode code;
  code.xlated.resize(sizes.xlated_prog_len / sizeof(BpfInstruction));
  code.jited.resize(sizes.jited_prog_len);
  std::vector<std::byte> line_bytes(std::size_t{sizes.nr_line_info} * sizes.line_info_rec_size);
  std::vector<std::byte> function_bytes(std::size_t{sizes.nr_func_info} * sizes.func_info_rec_size);
  std::vector<std::uint64_t> line_addresses(sizes.nr_jited_line_info);
  std::vector<std::uint64_t> function_addresses(sizes.nr_jited_ksyms);
  std::vector<std::uint32_t> function_sizes(sizes.nr_jited_func_lens);

  bpf_prog_info wanted{};
  wanted.xlated_prog_insns = address(code.xlated.data());
  wanted.xlated_prog_len = sizes.xlated_prog_len;
  wanted.jited_prog_insns = address(code.jited.data());
  wanted.jited_prog_len = sizes.jited_prog_len;
  wanted.line_info = address(line_bytes.data());
  wanted.nr_line_info = sizes.nr_line_info;
  wanted.line_info_rec_size = sizes.line_info_rec_size;
  wanted.func_info = address(function_bytes.data());
  wanted.nr_func_info = sizes.nr_func_info;
  wanted.func_info_rec_size = sizes.func_info_rec_size;
  wanted.jited_line_info = address(line_addresses.data());
  wanted.nr_jited_line_info = sizes.nr_jited_line_info;
  wanted.jited_line_info_rec_size = sizes.jited_line_info_rec_size;
  wanted.jited_ksyms = address(function_addresses.data());
  wanted.nr_jited_ksyms = sizes.nr_jited_ksyms;
  wanted.jited_func_lens = address(function_sizes.data());
  wanted.nr_jited_func_lens = sizes.nr_jited_func_lens;
  const bpf_prog_info got = ask(program, wanted);
  // A null pointer says that the kernel would not copy the instructions to this process.
  if (got.xlated_prog_insns == 0)
    code.xlated.clear();
  if (got.jited_prog_insns == 0)
    code.jited.clear();

  const std::vector<std::byte> btf_bytes =
      sizes.btf_id == 0 ? std::vector<std::byte>() : read_btf(sizes.btf_id, program);
  std::size_t i = 0;
  for (const auto& line : records<bpf_line_info>(line_bytes, sizes.line_info_rec_size, got.nr_line_info)) {
    const std::uint64_t where =
        i < std::min<std::size_t>(got.nr_jited_line_info, line_addresses.size()) ? line_addresses[i] : 0;
    code.lines.push_back({.instruction = line.insn_off,
                          .address = where,
                          .file = string_at(btf_bytes, line.file_name_off),
                          .line = BPF_LINE_INFO_LINE_NUM(line.line_col),
                          .column = BPF_LINE_INFO_LINE_COL(line.line_col),
                          .text = string_at(btf_bytes, line.line_off)});
    ++i;
  }
  const auto functions = records<bpf_func_info>(function_bytes, sizes.func_info_rec_size, got.nr_func_info);
  const std::optional<Btf> btf = functions.empty() ? std::nullopt : std::optional(Btf::parse(btf_bytes));
  for (i = 0; i < functions.size(); ++i) {
    const auto type = btf ? btf->type(functions[i].type_id) : std::nullopt;
    code.functions.push_back(
        {.name = type ? std::string(type->name()) : std::string(),
         .instruction = functions[i].insn_off,
         .address =
             i < std::min<std::size_t>(got.nr_jited_ksyms, function_addresses.size()) ? function_addresses[i] : 0,
         .jited_size =
             i < std::min<std::size_t>(got.nr_jited_func_lens, function_sizes.size()) ? function_sizes[i] : 0});
  }
  return code;
}

}  // namespace fathom
