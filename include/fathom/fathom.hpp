#pragma once

#include <fathom/base/codec.hpp>
#include <fathom/base/cpu_set.hpp>
#include <fathom/base/error.hpp>
#include <fathom/base/glob.hpp>
#include <fathom/base/nearest_names.hpp>
#include <fathom/base/owning_process.hpp>
#include <fathom/base/parse_stats.hpp>
#include <fathom/base/text_buffer.hpp>
#include <fathom/base/time.hpp>
#include <fathom/base/timer_ticks.hpp>
#include <fathom/base/trace_clock.hpp>
#include <fathom/base/unique_fd.hpp>
#include <fathom/btf/btf.hpp>
#include <fathom/btf/btf_kind.hpp>
#include <fathom/btf/btf_type.hpp>
#include <fathom/event/events.hpp>
#include <fathom/event/function_table.hpp>
#include <fathom/event/sched_events.hpp>
#include <fathom/event/sink.hpp>
#include <fathom/graph/call.hpp>
#include <fathom/graph/call_forest.hpp>
#include <fathom/graph/call_tree.hpp>
#include <fathom/graph/context_switches.hpp>
#include <fathom/graph/function_graph_parser.hpp>
#include <fathom/graph/function_stats.hpp>
#include <fathom/output/call_tree_text.hpp>
#include <fathom/output/context_switches_text.hpp>
#include <fathom/output/folded_text.hpp>
#include <fathom/output/function_stats_text.hpp>
#include <fathom/output/trace_text_options.hpp>
#include <fathom/output/trace_text_printer.hpp>
#include <fathom/perf/ksymbol_events.hpp>
#include <fathom/perf/perf_callchain.hpp>
#include <fathom/perf/perf_count.hpp>
#include <fathom/perf/perf_counter.hpp>
#include <fathom/perf/perf_counter_group.hpp>
#include <fathom/perf/perf_cpu_change.hpp>
#include <fathom/perf/perf_event.hpp>
#include <fathom/perf/perf_event_kinds.hpp>
#include <fathom/perf/perf_rate.hpp>
#include <fathom/perf/perf_records.hpp>
#include <fathom/perf/perf_sampler.hpp>
#include <fathom/perf/perf_scope.hpp>
#include <fathom/perf/perf_timer.hpp>
#include <fathom/perf/timer_batch.hpp>
#include <fathom/process/child.hpp>
#include <fathom/process/exit_status.hpp>
#include <fathom/process/stop_signals.hpp>
#include <fathom/rawtrace/address_names.hpp>
#include <fathom/rawtrace/event_format.hpp>
#include <fathom/rawtrace/event_merger.hpp>
#include <fathom/rawtrace/field_reader.hpp>
#include <fathom/rawtrace/field_views.hpp>
#include <fathom/rawtrace/format_registry.hpp>
#include <fathom/rawtrace/function_totals.hpp>
#include <fathom/rawtrace/graph_decoder.hpp>
#include <fathom/rawtrace/page_decoder.hpp>
#include <fathom/rawtrace/page_layout.hpp>
#include <fathom/rawtrace/print_format.hpp>
#include <fathom/rawtrace/printk_formats.hpp>
#include <fathom/rawtrace/raw_record.hpp>
#include <fathom/rawtrace/task_names.hpp>
#include <fathom/sched/idle_accounting.hpp>
#include <fathom/sched/idle_from_records.hpp>
#include <fathom/sched/idle_from_text.hpp>
#include <fathom/sched/prev_state_probe.hpp>
#include <fathom/sched/proc_stat.hpp>
#include <fathom/sched/task_state.hpp>
#include <fathom/sched/task_state_decoder.hpp>
#include <fathom/symbols/inline_sites.hpp>
#include <fathom/symbols/kallsyms_index.hpp>
#include <fathom/symbols/live_kallsyms.hpp>
#include <fathom/symbols/module_events.hpp>
#include <fathom/symbols/process_map.hpp>
#include <fathom/symbols/symbol.hpp>
#include <fathom/symbols/symbol_changes.hpp>
#include <fathom/symbols/symbol_range.hpp>
#include <fathom/symbols/symbol_type.hpp>
#include <fathom/symbols/trace_verdict.hpp>
#include <fathom/symbols/traceability.hpp>
#include <fathom/tracedat/trace_dat_parts.hpp>
#include <fathom/tracedat/trace_dat_reader.hpp>
#include <fathom/tracedat/trace_dat_writer.hpp>
#include <fathom/tracefs/dynamic_event.hpp>
#include <fathom/tracefs/error_log.hpp>
#include <fathom/tracefs/find_tracefs.hpp>
#include <fathom/tracefs/function_filter.hpp>
#include <fathom/tracefs/hist_table.hpp>
#include <fathom/tracefs/hist_trigger.hpp>
#include <fathom/tracefs/histogram.hpp>
#include <fathom/tracefs/owner.hpp>
#include <fathom/tracefs/page_files.hpp>
#include <fathom/tracefs/page_history.hpp>
#include <fathom/tracefs/pid_filter.hpp>
#include <fathom/tracefs/probe.hpp>
#include <fathom/tracefs/raw_formats.hpp>
#include <fathom/tracefs/raw_pages.hpp>
#include <fathom/tracefs/raw_trace_pipe.hpp>
#include <fathom/tracefs/recorder.hpp>
#include <fathom/tracefs/recording.hpp>
#include <fathom/tracefs/ring_buffer_stats.hpp>
#include <fathom/tracefs/saved_cmdlines.hpp>
#include <fathom/tracefs/session_options.hpp>
#include <fathom/tracefs/snapshot.hpp>
#include <fathom/tracefs/state_journal.hpp>
#include <fathom/tracefs/trace_array.hpp>
#include <fathom/tracefs/trace_event.hpp>
#include <fathom/tracefs/trace_event_trigger.hpp>
#include <fathom/tracefs/trace_files.hpp>
#include <fathom/tracefs/trace_fs.hpp>
#include <fathom/tracefs/trace_instance.hpp>
#include <fathom/tracefs/trace_option.hpp>
#include <fathom/tracefs/trace_session.hpp>
#include <fathom/tracefs/trace_text.hpp>
#include <fathom/tracefs/tracer.hpp>

// Of components that not every installation has.
#if __has_include(<fathom/bpf/bpf_object.hpp>)
#include <fathom/bpf/arena_map.hpp>
#include <fathom/bpf/array_map.hpp>
#include <fathom/bpf/bloom_filter.hpp>
#include <fathom/bpf/bpf_attach_order.hpp>
#include <fathom/bpf/bpf_error.hpp>
#include <fathom/bpf/bpf_features.hpp>
#include <fathom/bpf/bpf_iter.hpp>
#include <fathom/bpf/bpf_link.hpp>
#include <fathom/bpf/bpf_map.hpp>
#include <fathom/bpf/bpf_names.hpp>
#include <fathom/bpf/bpf_object.hpp>
#include <fathom/bpf/bpf_program.hpp>
#include <fathom/bpf/bpf_stats.hpp>
#include <fathom/bpf/bpf_timer.hpp>
#include <fathom/bpf/bpf_types.hpp>
#include <fathom/bpf/bpf_variable.hpp>
#include <fathom/bpf/btf_tracepoint.hpp>
#include <fathom/bpf/cgroup.hpp>
#include <fathom/bpf/cgroup_attach_storage.hpp>
#include <fathom/bpf/cgroup_program.hpp>
#include <fathom/bpf/device_programs.hpp>
#include <fathom/bpf/embedded_bpf.hpp>
#include <fathom/bpf/fd_array.hpp>
#include <fathom/bpf/fentry.hpp>
#include <fathom/bpf/flow_dissector.hpp>
#include <fathom/bpf/freplace.hpp>
#include <fathom/bpf/hash_map.hpp>
#include <fathom/bpf/kprobe.hpp>
#include <fathom/bpf/kprobe_multi.hpp>
#include <fathom/bpf/ksyscall.hpp>
#include <fathom/bpf/loaded_bpf.hpp>
#include <fathom/bpf/loaded_things.hpp>
#include <fathom/bpf/local_storage.hpp>
#include <fathom/bpf/lpm_trie.hpp>
#include <fathom/bpf/lsm.hpp>
#include <fathom/bpf/lwt.hpp>
#include <fathom/bpf/map_cursor.hpp>
#include <fathom/bpf/map_entries.hpp>
#include <fathom/bpf/map_of_maps.hpp>
#include <fathom/bpf/map_options.hpp>
#include <fathom/bpf/map_spec.hpp>
#include <fathom/bpf/netfilter.hpp>
#include <fathom/bpf/netkit.hpp>
#include <fathom/bpf/network_device.hpp>
#include <fathom/bpf/per_cpu.hpp>
#include <fathom/bpf/perf_buffer.hpp>
#include <fathom/bpf/perf_event_program.hpp>
#include <fathom/bpf/program_array.hpp>
#include <fathom/bpf/program_code.hpp>
#include <fathom/bpf/program_spec.hpp>
#include <fathom/bpf/queue_map.hpp>
#include <fathom/bpf/raw_tracepoint.hpp>
#include <fathom/bpf/record_check.hpp>
#include <fathom/bpf/record_layout.hpp>
#include <fathom/bpf/redirect_map.hpp>
#include <fathom/bpf/ring_buffer.hpp>
#include <fathom/bpf/sk_lookup.hpp>
#include <fathom/bpf/sk_msg.hpp>
#include <fathom/bpf/sk_reuseport.hpp>
#include <fathom/bpf/sk_skb.hpp>
#include <fathom/bpf/sock_map.hpp>
#include <fathom/bpf/socket_filter.hpp>
#include <fathom/bpf/stack_trace_map.hpp>
#include <fathom/bpf/struct_ops.hpp>
#include <fathom/bpf/syscall_program.hpp>
#include <fathom/bpf/task_scope.hpp>
#include <fathom/bpf/tc_classifier.hpp>
#include <fathom/bpf/tc_direction.hpp>
#include <fathom/bpf/tcx.hpp>
#include <fathom/bpf/test_run.hpp>
#include <fathom/bpf/tracepoint.hpp>
#include <fathom/bpf/tracing_multi.hpp>
#include <fathom/bpf/uprobe.hpp>
#include <fathom/bpf/uprobe_multi.hpp>
#include <fathom/bpf/usdt.hpp>
#include <fathom/bpf/user_ring_buffer.hpp>
#include <fathom/bpf/variable_spec.hpp>
#include <fathom/bpf/xdp.hpp>
#endif
#if __has_include(<fathom/profile/profile.hpp>)
#include <fathom/profile/cpu_idle_states.hpp>
#include <fathom/profile/live_idle.hpp>
#include <fathom/profile/off_cpu_profiler.hpp>
#include <fathom/profile/profile.hpp>
#include <fathom/profile/profile_names.hpp>
#include <fathom/profile/profiler.hpp>
#endif
#ifdef FATHOM_ASIO  // by fathom::asio: who does not link that is spared Boost
#include <fathom/async/async_page_reader.hpp>
#include <fathom/async/async_reader.hpp>
#endif
#if __has_include(<fathom/output/zstd_codec.hpp>)
#include <fathom/output/zstd_codec.hpp>
#endif
#if __has_include(<fathom/symbols/elf_symbolizer.hpp>)
#include <fathom/symbols/dwarf_inline_sites.hpp>
#include <fathom/symbols/elf_file_symbols.hpp>
#include <fathom/symbols/elf_files.hpp>
#include <fathom/symbols/elf_symbolizer.hpp>
#endif

/// fathom: trace the Linux kernel that this program runs on.
///
/// Every header of the library is included by this one; a program may as well include those that it uses. In the order
/// in which a reader meets them, with the header to begin with in each room:
///
/// - `event`: the nouns, plain values that every source speaks in. `event/events.hpp`
/// - `graph`: text of the function_graph tracer to events, events to call trees, trees to numbers. Pure: bytes and
///   values, no files. `graph/function_graph_parser.hpp`, then `call_forest.hpp`, `function_stats.hpp`,
///   `context_switches.hpp`
/// - `rawtrace`: the ring buffer's binary side: pages to records, and fields out of these. Pure.
///   `rawtrace/format_registry.hpp`, then `page_decoder.hpp`, `event_merger.hpp`, `field_reader.hpp`,
///   `print_format.hpp`; function_graph's to the events of `graph`, `graph_decoder.hpp`, or only to what each function
///   cost, `function_totals.hpp`
/// - `tracedat`: trace.dat files, which trace-cmd and KernelShark read and write. Pure.
///   `tracedat/trace_dat_reader.hpp`, `trace_dat_writer.hpp`
/// - `sched`: what the scheduler's events say. Pure. Task states of any kernel, `sched/task_state_decoder.hpp`; which
/// CPU
///   was idle, and who kept it busy, `idle_accounting.hpp`
/// - `output`: these as text. `output/call_tree_text.hpp`; records as the kernel prints them, `trace_text_printer.hpp`;
///   stacks for flame graphs, `folded_text.hpp`; in component output, zstd for `tracedat`, `output/zstd_codec.hpp`
/// - `process`: a command that is held until it may run, and signals as descriptors. `process/child.hpp`
/// - `tracefs`: the kernel's side. `tracefs/trace_fs.hpp` for settings, `trace_session.hpp` to set, record and put back
///   in one object, `trace_event.hpp`, `histogram.hpp` and `probe.hpp` for events, `recorder.hpp` for raw pages
/// - `btf`: the kernel's own description of its types: structs, enums, prototypes. `btf/btf.hpp`
/// - `symbols`: names of addresses, `symbols/kallsyms_index.hpp`, `live_kallsyms.hpp` to keep them up to date;
///   what can be traced by name, `traceability.hpp`;
///   in component elf, addresses of programs and of the kernel to source lines. `symbols/elf_symbolizer.hpp`
/// - `perf`: perf events of the kernel: which they are, `perf/perf_event.hpp`, and of whom, `perf_scope.hpp`; counted,
///   `perf_counter.hpp`; sampled, `perf_sampler.hpp`; a clock for sampling, `perf_timer.hpp`; code that the kernel
///   makes while it runs, `ksymbol_events.hpp`
/// - `bpf`: eBPF programs, maps and globals, with types. Its functions are in the component `fathom::bpf`.
///   From file to kernel: `bpf/bpf_object.hpp`, then `program_spec.hpp`, `map_spec.hpp`, `variable_spec.hpp`,
///   `loaded_bpf.hpp`, `bpf_program.hpp`, `bpf_link.hpp`, `bpf_map.hpp`, `bpf_variable.hpp`, `bpf_error.hpp`.
///   Programs by what they are attached to: `tracepoint.hpp`, `raw_tracepoint.hpp`, `btf_tracepoint.hpp`; `kprobe.hpp`,
///   `ksyscall.hpp`, `kprobe_multi.hpp`, `fentry.hpp`, `tracing_multi.hpp`, `lsm.hpp`; `uprobe.hpp`,
///   `uprobe_multi.hpp`, `usdt.hpp`; `perf_event_program.hpp`, `bpf_timer.hpp`; `xdp.hpp`, `tc_classifier.hpp`,
///   `tcx.hpp`, `netkit.hpp`, `lwt.hpp`, `netfilter.hpp`; `socket_filter.hpp`, `sk_reuseport.hpp`, `sk_lookup.hpp`,
///   `sk_msg.hpp`, `sk_skb.hpp`, `flow_dissector.hpp`; `cgroup_program.hpp` with `cgroup.hpp`; `bpf_iter.hpp`,
///   `struct_ops.hpp`, `freplace.hpp`, `syscall_program.hpp`. Maps: `hash_map.hpp`, `array_map.hpp`, `lpm_trie.hpp`,
///   `queue_map.hpp`, `bloom_filter.hpp`, `map_of_maps.hpp`, `program_array.hpp`, `fd_array.hpp`, `redirect_map.hpp`,
///   `sock_map.hpp`, `local_storage.hpp`, `cgroup_attach_storage.hpp`, `stack_trace_map.hpp`, `arena_map.hpp`; read by
///   `ring_buffer.hpp` and `perf_buffer.hpp`, written by `user_ring_buffer.hpp`. What goes through them is checked:
///   `record_check.hpp`. Beside them: `bpf_features.hpp`, `test_run.hpp`, `bpf_stats.hpp`, `program_code.hpp`,
///   `loaded_things.hpp`
/// - `profile`: where time is spent and where it is waited for, by stack, in the component `fathom::profile`.
///   `profile/profiler.hpp`, `off_cpu_profiler.hpp`, then `profile.hpp`, `profile_names.hpp`; how idle each CPU is,
///   `live_idle.hpp`
/// - `async`: any of these sources, awaited with Boost.Asio, in the component `fathom::asio`. `async/async_reader.hpp`
/// - `base`: errors, descriptors, times, CPU sets, and what a parser did with its input. `base/error.hpp`
///
/// What throws, throws fathom::Error. Nothing is printed, and nothing is left behind in the kernel.
namespace fathom {}
