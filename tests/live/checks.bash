# What the live tests of programs share; sourced by them, never run. Needs root, and a mounted tracefs.
# shellcheck shell=bash
tracefs=$(awk '{ for (i = 7; i < NF; i++) if ($i == "-" && $(i + 1) == "tracefs") print $5 }' /proc/self/mountinfo | tail -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failures=()
[ -r "$tracefs/available_tracers" ] || { echo "FAILED: no tracefs is mounted, or none that we may read"; exit 1; }

# check NAME CONDITION...: the condition is a command.
check() {
  local name=$1
  shift
  if "$@"; then
    echo "ok $name"
    passed=$((passed + 1))
  else
    echo "FAILED $name: $*"
    failures+=("$name")
    tail -n 20 "$work"/err* 2>/dev/null
  fi
}
equal() { [ "$1" == "$2" ] || { echo "  '$1' is not '$2'"; return 1; }; }
has() { grep -q -- "$1" "$2" || { echo "  no '$1' in:"; head -n 40 "$2"; return 1; }; }
has_not() { ! grep -q -- "$1" "$2" || { echo "  '$1' in $2:"; grep -m 5 -- "$1" "$2"; return 1; }; }

# What is set, top level and instances: every setting that a program could have touched.
settings() {
  local file
  for file in current_tracer tracing_on tracing_cpumask tracing_thresh trace_clock max_graph_depth set_ftrace_filter \
    set_ftrace_notrace set_graph_function set_graph_notrace set_ftrace_pid set_ftrace_notrace_pid set_event_pid \
    set_event_notrace_pid trace_options buffer_size_kb buffer_subbuf_size_kb events/enable; do
    [ ! -r "$tracefs/$file" ] || { echo "== $file"; cat "$tracefs/$file"; }
  done
  echo "== instances"
  ls "$tracefs/instances"
}
# remember_settings; check NAME unchanged
remember_settings() {
  # Until its first use a buffer is tiny and says `7 (expanded: 1408)`; that state nobody can put back.
  echo 1408 >"$tracefs/buffer_size_kb"
  settings >"$work/before"
}
unchanged() { settings >"$work/after"; diff "$work/before" "$work/after"; }

# The last line of a test, and its exit status.
finish() {
  echo "$passed passed, ${#failures[@]} failed${failures[*]:+: ${failures[*]/%/;}}"
  [ ${#failures[@]} -eq 0 ]
}
