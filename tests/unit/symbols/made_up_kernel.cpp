#include "made_up_kernel.hpp"

#include "btf_builder.hpp"

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace fathom::test {

namespace {

std::string text_of(const BtfBuilder& builder) {
  const auto bytes = builder.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The kernel's types; and where those of a module go on.
BtfBuilder kernel_btf() {
  BtfBuilder btf;
  const auto number = btf.integer("long", 8);
  const auto small = btf.add(btf.name("small"), BtfBuilder::info(BtfKind::struct_), 16);
  const auto big = btf.add(btf.name("big"), BtfBuilder::info(BtfKind::struct_), 24);
  const auto either = btf.add(btf.name("either"), BtfBuilder::info(BtfKind::union_), 8);
  const auto function = [&](std::string_view name, std::uint32_t returned,
                            const std::vector<std::uint32_t>& arguments) {
    std::vector<std::uint32_t> parameters;
    for (const std::uint32_t argument : arguments)
      parameters.insert(parameters.end(), {argument == 0 ? 0 : btf.name("a"), argument});
    const auto proto = btf.add(0, BtfBuilder::info(BtfKind::func_proto, arguments.size()), returned, parameters);
    btf.reference(BtfKind::func, proto, name);
  };
  for (const char* plain :
       {"vfs_read", "do_int3", "raw_entry", "start_up", "twin", "alias", "migrate_disable", "inside"})
    function(plain, 0, {number, number});
  function("printk", number, {number, 0});
  function("six", 0, {number, number, number, number, small});
  function("seven", 0, {number, number, number, number, number, small});
  function("thirteen", 0, std::vector<std::uint32_t>(13, number));
  function("takes_big", 0, {big});
  function("takes_either", 0, {either});
  function("gives_small", small, {});
  return btf;
}

}  // namespace

MadeUpKernel::MadeUpKernel() {
  std::string pattern = testing::TempDir() + "fathom-kernel-XXXXXX";
  root_ = ::mkdtemp(pattern.data());
  write("kallsyms",
        "ffffffff81000000 T _stext\n"
        "ffffffff81000100 T vfs_read\n"
        "ffffffff81000200 T do_int3\n"
        "ffffffff81000300 T raw_entry\n"
        "ffffffff81000400 t twin\n"
        "ffffffff81000500 t twin\n"
        "ffffffff81000600 T real_name\n"
        "ffffffff81000600 T alias\n"
        "ffffffff81000700 t shrunk.isra.0\n"
        "ffffffff81000780 t shrunk.constprop.0.cold\n"
        "ffffffff81000800 T migrate_disable\n"
        "ffffffff81000900 T undescribed\n"
        "ffffffff81000a00 T printk\n"
        "ffffffff81000b00 T six\n"
        "ffffffff81000c00 T seven\n"
        "ffffffff81000d00 T thirteen\n"
        "ffffffff81000e00 T takes_big\n"
        "ffffffff81000f00 T takes_either\n"
        "ffffffff81001000 T gives_small\n"
        "ffffffff81001100 t vfs_read.cold\n"
        "ffffffff81001180 t raw_entry.part.0\n"
        "ffffffff81001200 t count_symbols\n"
        "ffffffff81001300 t count_mod_symbols\n"
        "ffffffff81001400 T register_kprobe\n"
        "ffffffff81001500 T register_fprobe\n"
        "ffffffff81001600 T bpf_kprobe_multi_link_attach\n"
        "ffffffff81001700 T bpf_trampoline_link_prog\n"
        "ffffffff81001800 T register_ftrace_direct\n"
        "ffffffff81100000 T _etext\n"
        "ffffffff81200000 D jiffies\n"
        "ffffffff81300000 D __init_begin\n"
        "ffffffff81300100 T start_up\n"
        "ffffffff81400000 D __init_end\n"
        "ffffffff81500000 B _end\n"
        "ffffffffc0000000 t inside\t[loaded]\n"
        "ffffffffc0000100 t vfs_helper\t[loaded]\n");
  write("tracing/available_filter_functions",
        "vfs_read\ndo_int3\ntwin\ntwin\nreal_name\nshrunk.isra.0\nmigrate_disable\nundescribed\nprintk\nsix\nseven\n"
        "thirteen\ntakes_big\ntakes_either\ngives_small\n__ftrace_invalid_address___16\ninside [loaded]\n"
        "vfs_helper [loaded]\n");
  write("tracing/kprobe_events", "");
  write("tracing/available_tracers", "function_graph function nop\n");
  write("blacklist", "0xffffffff81000200-0xffffffff81000280\tdo_int3\n");
  const BtfBuilder kernel = kernel_btf();
  write("btf/vmlinux", text_of(kernel));
  const Btf base = kernel.parse();
  BtfBuilder module(base.id_count(), static_cast<std::uint32_t>(kernel.strings().size()));
  module.reference(BtfKind::func, module.add(0, BtfBuilder::info(BtfKind::func_proto), 0), "inside");
  write("btf/loaded", text_of(module));
  write("modules/6.12.0-made-up/modules.dep",
        "kernel/fs/on-disk.ko.xz: kernel/lib/crc.ko.xz\nkernel/lib/crc.ko.xz:\nkernel/loaded.ko:\n");
  write("modules/6.12.0-made-up/modules.builtin", "kernel/fs/within.ko\n");
  write("boot/config-6.12.0-made-up", "CONFIG_KPROBES=y\n# CONFIG_KPROBE_EVENTS_ON_NOTRACE is not set\n");
  write("osrelease", "6.12.0-made-up\n");
  write("lockdown", "[none] integrity confidentiality\n");
}

}  // namespace fathom::test
