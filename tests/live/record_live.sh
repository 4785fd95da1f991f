#!/usr/bin/env bash
# record_live.sh BUILD_DIR: the programs record and report on the kernel at hand, against trace-cmd's report of the same
# file. A line a test, `ok NAME` or `FAILED NAME` with what was seen. Exit status 0, 1 if a test failed, 77 without
# trace-cmd.
#
# Needs root, a mounted tracefs, and that nobody else traces.
set -uo pipefail
build=${1:?usage: record_live.sh BUILD_DIR}
record=$build/examples/record report=$build/examples/report
. "$(dirname -- "$(readlink -f -- "$0")")/checks.bash"

for program in "$record" "$report"; do
  [ -x "$program" ] || { echo "FAILED: there is no $program"; exit 1; }
done
command -v trace-cmd >/dev/null || { echo "trace-cmd is not installed"; exit 77; }
remember_settings

# number NAME: of the JSON that record printed.
number() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$work/account"; }

# record_cat OPTION...: what happens while cat runs, into the file trace.dat.
record_cat() {
  "$record" -q --json "$@" -o "$work/trace.dat" -- sh -c "cat /proc/version >/dev/null; exit 5" \
    >"$work/account" 2>"$work/err"
}

# Which one trace-cmd picks of several names depends on how it sorts. Of symbols with one address: the first for all; how
# far the function tracer's lines are indented depends on that. Of a task that got another name by exec, which the kernel
# may list with both: none.
awk '!($1 in first) { first[$1] = $3; next } { print $3, first[$1] }' /proc/kallsyms >"$work/aliases"
by_first_names() {
  awk '
    NR == FNR { first[$1] = $2; next }
    {
      line = ""
      for (rest = $0; match(rest, /[A-Za-z_][A-Za-z0-9_.]*/); rest = substr(rest, RSTART + RLENGTH)) {
        word = substr(rest, RSTART, RLENGTH)
        line = line substr(rest, 1, RSTART - 1) (word in first ? first[word] : word)
      }
      line = line rest
      sub(/ function: +/, " function: ", line)
      sub(/^ *(record|sh|cat)-/, "TASK-", line)
      print line
    }' "$work/aliases" -
}
# Prints the first lines that differ.
same_lines() {
  by_first_names <"$1" >"$1.named"
  by_first_names <"$2" >"$2.named"
  cmp "$1.named" "$2.named" || { diff "$1.named" "$2.named" | head -n 10 | cut -c 1-300; return 1; }
}

# same WHAT: the account, report and trace-cmd agree on trace.dat.
same() {
  check "$1: the command's status" equal "$status" 5
  check "$1: nothing is wrong" equal "$(cat "$work/err")" ''
  check "$1: nothing was lost" equal "$(number lost)" 0
  trace-cmd report -i "$work/trace.dat" >"$work/theirs" 2>"$work/err"
  "$report" -q "$work/trace.dat" >"$work/ours" 2>"$work/err2"
  check "$1: report's status" equal $? 0
  check "$1: nothing was skipped" equal "$(cat "$work/err2")" ''
  check "$1: there are events" [ "$(wc -l <"$work/ours")" -gt 20 ]
  check "$1: report prints what trace-cmd prints" same_lines "$work/ours" "$work/theirs"
  check "$1: settings as before" unchanged
}

# Of `trace-cmd report -R`: NAME CALLS NANOSECONDS a line, by the exits' own times.
totals_by_trace_cmd() {
  trace-cmd report -R -i "$work/trace.dat" 2>/dev/null | by_first_names | awk '
    function value(name,    digits, number, i) {
      match($0, " " name "=[0-9a-f]+")
      digits = substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 2)
      for (i = 1; i <= length(digits); ++i)
        number = number * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
      return number
    }
    / funcgraph_exit: / {
      match($0, / func=[^ ]+/)
      name = substr($0, RSTART + 6, RLENGTH - 6)
      ++calls[name]
      nanoseconds[name] += value("rettime") - value("calltime")
    }
    END { for (name in calls) printf "%s %d %d\n", name, calls[name], nanoseconds[name] }' | sort
}
# The same of `report --totals`: functions of one name are one.
totals_by_report() {
  "$report" -q --totals "$work/trace.dat" | by_first_names | awk '
    { calls[$3] += $1; nanoseconds[$3] += $2 }
    END { for (name in calls) printf "%s %d %d\n", name, calls[name], nanoseconds[name] }' | sort
}

for version in 6 7; do
  record_cat -e raw_syscalls -e sched:sched_switch -e sched:sched_wakeup --file-version $version
  status=$?
  same "events, version $version"
  check "events, version $version: as many as were recorded" equal "$(($(wc -l <"$work/ours") - 1))" "$(number events)"
done

if grep -qw function_graph "$tracefs/available_tracers"; then
  record_cat -p function_graph -e sched:sched_switch --buffer-size 32768
  status=$?
  same "function_graph"
  totals_by_trace_cmd >"$work/theirs"
  totals_by_report >"$work/ours"
  check "function_graph: totals of many functions" [ "$(wc -l <"$work/ours")" -gt 100 ]
  check "function_graph: calls and times of every function" diff "$work/ours" "$work/theirs"

  record_cat -p function --buffer-size 32768
  status=$?
  same "function"
else
  "$record" -p function_graph -o "$work/trace.dat" -- true 2>"$work/err"
  check "function_graph: 77 where the kernel lacks it" equal $? 77
fi

finish
