#!/usr/bin/env bash
# funcgraph_live.sh BUILD_DIR: the program funcgraph on the kernel at hand. A line a test, `ok NAME` or `FAILED NAME` with
# what was seen. Exit status 0, 1 if a test failed, 77 on a kernel without function_graph.
#
# Needs root, a mounted tracefs, and that nobody else traces.
set -uo pipefail
build=${1:?usage: funcgraph_live.sh BUILD_DIR}
funcgraph=$build/examples/funcgraph
. "$(dirname -- "$(readlink -f -- "$0")")/checks.bash"
# Few functions, chosen before the tracer is: switching it on for all of them takes a slow machine half a minute.
syscalls=(--filter '__x64_sys_*')

[ -x "$funcgraph" ] || { echo "FAILED: there is no $funcgraph"; exit 1; }
if ! grep -qw function_graph "$tracefs/available_tracers"; then
  "$funcgraph" -- true 2>"$work/err"
  status=$?
  cat "$work/err"
  [ $status -eq 77 ] || { echo "FAILED: status $status on a kernel without function_graph, not 77"; exit 1; }
  grep -q 'function_graph.*nop' "$work/err" || { echo "FAILED: does not say which tracers there are"; exit 1; }
  echo "no function_graph in this kernel"
  exit 77
fi

remember_settings

# --- A command.

"$funcgraph" "${syscalls[@]}" -- cat /proc/version >"$work/out" 2>"$work/err"
check "command: status 0" equal $? 0
check "command: its standard output is its own" cmp /proc/version "$work/out"
for function in __x64_sys_execve __x64_sys_openat __x64_sys_read; do
  check "command: the tree has $function" has "us .*|  *$function();" "$work/err"
done
check "command: a table of functions" has '^#  *SELF us .*FUNCTION$' "$work/err"
check "command: an account, of events: it read pages" has 'funcgraph: .* events, .* calls, nothing skipped' "$work/err"
check "command: settings as before" unchanged

"$funcgraph" "${syscalls[@]}" -o "$work/tree" -- sh -c 'echo out; echo err >&2; exit 42' >"$work/out" 2>"$work/err" -q
check "-o: the command's status" equal $? 42
check "-o: the command's standard output" equal "$(cat "$work/out")" out
check "-o: the command's standard error" has '^err$' "$work/err"
check "-o: the tree is in the file" has '__x64_sys_' "$work/tree"
"$funcgraph" "${syscalls[@]}" -- sh -c 'kill -KILL $$' 2>/dev/null
check "command killed by a signal: 128 + n" equal $? 137
"$funcgraph" "${syscalls[@]}" -- /nonexistent/command 2>"$work/err"
check "no such command: 127" equal $? 127
check "no such command: said" has '/nonexistent/command' "$work/err"
"$funcgraph" --filter no_such_function_at_all -- true 2>"$work/err"
check "a filter that matches nothing: 1" equal $? 1
check "a filter that matches nothing: said" has no_such_function_at_all "$work/err"
"$funcgraph" "${syscalls[@]}" -o /dev/full -- true 2>"$work/err"
check "a full disk: 1" equal $? 1
check "a full disk: said" has '/dev/full.*No space left' "$work/err"
check "after failures: settings as before" unchanged

"$funcgraph" "${syscalls[@]}" --json -o "$work/json" -- cat /proc/version >/dev/null 2>"$work/err"
check "--json: the functions" has '"name":"__x64_sys_execve"' "$work/json"
check "--json: nothing skipped" has '"unknown_line":0' "$work/json"

# --- Pages and text.

# shape FILE: the calls of a tree, without times, and without who made them.
shape() { sed -n 's/^.*us *|/|/p; t; s/^ *|/|/p' "$1"; }
"$funcgraph" "${syscalls[@]}" --tree --stats -o "$work/pages" -- cat /proc/version >/dev/null 2>"$work/err"
check "pages: no other way was needed" has_not 'the kernel.s text' "$work/err"
check "pages: the task's name" has '^# cat-[0-9]*:' "$work/pages"
check "pages: no return values that nobody asked for" has_not 'ret=' "$work/pages"
"$funcgraph" "${syscalls[@]}" --text --tree --stats -o "$work/text" -- cat /proc/version >/dev/null 2>"$work/err"
check "--text: status 0" equal $? 0
check "--text: an account, of lines" has 'funcgraph: .* lines, .* calls, nothing skipped' "$work/err"
shape "$work/pages" >"$work/pages.shape"
shape "$work/text" >"$work/text.shape"
check "pages and --text: there are calls" [ "$(wc -l <"$work/pages.shape")" -gt 10 ]
check "pages and --text: the same calls" diff "$work/pages.shape" "$work/text.shape"
check "pages and --text: settings as before" unchanged

"$funcgraph" "${syscalls[@]}" --json -o "$work/json" -- sh -c 'cat /proc/version; cat /proc/version' >/dev/null 2>"$work/err"
check "pages: events in the JSON" has '"events":[1-9]' "$work/json"
check "pages: nothing lost" has '"lost": {"events":0,"places":0}' "$work/json"

# Who reads is stopped meanwhile: a quick reader loses nothing.
"$funcgraph" --filter vfs_read --filter vfs_write --buffer-size 8K --tree -o "$work/tree" -- \
  sh -c 'kill -STOP $PPID; dd if=/dev/zero of=/dev/null bs=1 count=20000; kill -CONT $PPID' 2>"$work/err"
check "pages, a small buffer: losses in the account" has ' [1-9][0-9]* events lost in [1-9]' "$work/err"
check "pages, a small buffer: losses among the calls" has '[1-9][0-9]* events, .* calls, nothing skipped' "$work/err"

TMPDIR=$work/nowhere "$funcgraph" "${syscalls[@]}" -o "$work/tree" -- cat /proc/version >/dev/null 2>"$work/err"
check "no room for pages: status 0" equal $? 0
check "no room for pages: said" has "the kernel's text.*$work/nowhere" "$work/err"
check "no room for pages: text" has ' lines, .* calls, nothing skipped' "$work/err"
mkdir "$work/tiny"
if mount -t tmpfs -o size=64k none "$work/tiny" 2>/dev/null; then
  TMPDIR=$work/tiny "$funcgraph" --filter vfs_read --filter vfs_write -o "$work/tree" -- \
    dd if=/dev/zero of=/dev/null bs=1 count=20000 2>"$work/err"
  check "the room for pages runs out: status 1" equal $? 1
  check "the room for pages runs out: said" has "$work/tiny: No space left.*TMPDIR" "$work/err"
  check "the room for pages runs out: settings as before" unchanged
  umount "$work/tiny"
fi
if [ -w /proc/sys/kernel/kptr_restrict ]; then
  restrict=$(cat /proc/sys/kernel/kptr_restrict)
  echo 2 >/proc/sys/kernel/kptr_restrict
  "$funcgraph" "${syscalls[@]}" -o "$work/tree" -- cat /proc/version >/dev/null 2>"$work/err"
  check "hidden addresses: status 0" equal $? 0
  echo "$restrict" >/proc/sys/kernel/kptr_restrict
  check "hidden addresses: said" has "the kernel's text.*kallsyms" "$work/err"
  check "hidden addresses: the functions" has '__x64_sys_openat' "$work/tree"
fi
check "text for want of pages: settings as before" unchanged

echo 1 >"$tracefs/events/raw_syscalls/sys_enter/enable"
for way in --no-follow --text; do
  "$funcgraph" "${syscalls[@]}" $way --tree --graph __x64_sys_read -o "$work/tree" -- cat /proc/version >/dev/null 2>"$work/err"
  check "$way: an event among the calls, as a comment" has '/\* sys_enter: NR 0 (' "$work/tree"
done
echo 0 >"$tracefs/events/raw_syscalls/sys_enter/enable"

# --- What needs the top level on every kernel.

"$funcgraph" --graph vfs_read --depth 2 --filter 'vfs_*' --filter rw_verify_area --filter '*_read_iter' \
  -o "$work/tree" -- cat /proc/version >/dev/null 2>"$work/err"
check "--graph, --depth: status 0" equal $? 0
check "--graph: vfs_read is a root" has '|  vfs_read(' "$work/tree"
check "--graph: nothing else is" has_not '|  [a-uw-z].*[({]' "$work/tree"
check "--depth 2: nothing deeper" has_not '|      [a-z]' "$work/tree"
check "--graph, --depth: settings as before" unchanged

"$funcgraph" "${syscalls[@]}" --threshold 1 --cpu 0 --buffer-size 2M --notrace __x64_sys_read \
  -o "$work/tree" -- cat /proc/version >/dev/null 2>"$work/err"
check "--threshold, --cpu, --notrace: status 0" equal $? 0
check "--notrace: not there" has_not '__x64_sys_read\b' "$work/tree"
check "--threshold, --cpu, --notrace: settings as before" unchanged

# --- Processes.

sh -c 'while :; do sleep 0.05; done' &
looping=$!
"$funcgraph" "${syscalls[@]}" --duration 1.5 -p $looping -o "$work/tree" 2>"$work/err"
check "-p, --duration: status 0" equal $? 0
check "-p: its children, too" has '__x64_sys_clock_nanosleep' "$work/tree"
kill $looping
wait $looping 2>/dev/null
"$funcgraph" "${syscalls[@]}" -p $looping 2>"$work/err"
check "-p of a process that has ended: 1" equal $? 1
"$funcgraph" --filter vfs_read --duration 0.5 -o "$work/tree" --tree -q 2>"$work/err"
check "--duration alone: status 0" equal $? 0
"$funcgraph" "${syscalls[@]}" --duration 0.5 -o "$work/tree" -- sleep 100 2>"$work/err"
check "--duration ends the command: status 0" equal $? 0
check "processes: settings as before" unchanged

# --- Being stopped, being killed.

# started: waits until the process funcgraph in the background records.
started() {
  local n
  for ((n = 0; n < 600; n++)); do
    [ ! -e "$work/running" ] || return 0
    sleep 0.1
  done
  return 1
}
for signal in INT TERM; do
  rm -f "$work/running"
  # A shell's background command ignores SIGINT; funcgraph would, too, and rightly.
  env --default-signal=INT "$funcgraph" "${syscalls[@]}" --depth 1 -o "$work/tree" -- \
    sh -c "trap '' INT TERM; touch $work/running; while :; do sleep 0.1; done" 2>"$work/err" &
  pid=$!
  check "SIG$signal: it records" started
  kill -$signal $pid
  wait $pid
  status=$?
  check "SIG$signal: 128 + n, though the command ignores it" equal $status $((128 + $(kill -l $signal)))
  check "SIG$signal: what was recorded is there" has '__x64_sys_' "$work/tree"
  check "SIG$signal: settings as before" unchanged
done

rm -f "$work/running"
"$funcgraph" "${syscalls[@]}" --depth 1 -o "$work/tree" -- sh -c "touch $work/running; exec sleep 100" 2>"$work/err" &
pid=$!
check "SIGKILL: it records" started
"$funcgraph" "${syscalls[@]}" --depth 1 -o "$work/tree2" -- true 2>"$work/err2"
check "a second one at the top level: 1" equal $? 1
check "a second one at the top level: in use by whom" has "in use.* $pid" "$work/err2"
kill "$(tr -d " " <"/proc/$pid/task/$pid/children")"
wait $pid
check "the first one was not disturbed" has '__x64_sys_' "$work/tree"
check "two at a time: settings as before" unchanged

rm -f "$work/running"
"$funcgraph" "${syscalls[@]}" --depth 1 -o "$work/tree" -- sh -c "touch $work/running; exec sleep 1" 2>"$work/err" &
pid=$!
check "SIGKILL: it records" started
kill -KILL $pid
wait $pid 2>/dev/null
"$funcgraph" "${syscalls[@]}" -o "$work/tree" -- true 2>"$work/err"
check "SIGKILL, then a new run: status 0" equal $? 0
check "SIGKILL, then a new run: settings as before" unchanged

# --- The main job, unfiltered: the tracer is switched on for every function.

"$funcgraph" --tree --stats --top 5 -o "$work/tree" -- true 2>"$work/err"
check "every function: status 0" equal $? 0
check "every function: calls in calls" has '|  *[a-z_0-9]*() {$' "$work/tree"
check "every function: no unknown line" has 'nothing skipped' "$work/err"
check "every function: settings as before" unchanged

finish
