// What ElfSymbolizer::of_kernel needs to see of a vmlinux: _stext, and code behind it.
asm(R"(
        .text
        .globl  _stext
_stext: nop
        .globl  vfs_sample
        .type   vfs_sample, @function
vfs_sample:
        nop
        nop
        ret
        .size   vfs_sample, .-vfs_sample
)");
