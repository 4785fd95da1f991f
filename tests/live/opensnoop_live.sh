#!/usr/bin/env bash
# opensnoop_live.sh BUILD_DIR: the program opensnoop on the kernel at hand. A line a test, `ok NAME` or `FAILED NAME` with
# what was seen. Exit status 0, or 1 if a test failed. Needs root and a mounted tracefs.
set -uo pipefail
build=${1:?usage: opensnoop_live.sh BUILD_DIR}
passed=0 failures=()
for options in "" "--json"; do
  # shellcheck disable=SC2086
  if seen=$("$build/examples/opensnoop" --check $options 2>&1); then
    echo "ok opensnoop --check $options"
    passed=$((passed + 1))
  else
    echo "FAILED opensnoop --check $options: $seen"
    failures+=("opensnoop --check $options")
  fi
done
echo "$passed passed, ${#failures[@]} failed${failures[*]:+: ${failures[*]/%/;}}"
[ ${#failures[@]} -eq 0 ]
