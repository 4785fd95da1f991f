# What the scripts of this folder share; sourced by them, never run.
# shellcheck shell=bash
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

vm_tools=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
repository=$(readlink -f -- "$vm_tools/../..")
kernels=${FATHOM_VM_DIR:-$repository/build/vm}

# The comment at the head of the calling script is its manual.
manual() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }
usage() { manual >&2; exit 2; }
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 2; }

# need TOOL...: all that is missing in one message, with the remedy.
need() {
  local tool missing=()
  for tool; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  [ ${#missing[@]} -eq 0 ] || die "not found: ${missing[*]}; install: $(tr '\n' ' ' <"$vm_tools/packages")"
}

# Where `fetch-kernels` put the kernel of a line (6.1, 6.1-rt, 6.12, backports); empty if it is not there.
kernel_of_line() { readlink -f -- "$kernels/lines/$1" 2>/dev/null | { read -r dir && [ -e "$dir/.prepared" ] && echo "$dir"; } || true; }

newest_kernel() {
  local line kernel
  for line in backports 6.12 6.1 6.1-rt; do
    kernel=$(kernel_of_line "$line")
    [ -z "$kernel" ] || { echo "$kernel"; return; }
  done
}

build_folder() { [ -d "$1" ] || die "$1: no such build folder"; readlink -f -- "$1"; }

# live_programs BUILD_DIR PATTERN: the live tests of that name, one path a line.
live_programs() {
  { find "$1/tests/live" -maxdepth 1 -type f -executable -name 'live_*' -name "$2" 2>/dev/null || true; } | sort
  { find "$repository/tests/live" -maxdepth 1 -type f -executable -name '*.sh' -name "$2" 2>/dev/null || true; } | sort
}

# total FILE...: adds up the last lines (`N passed, N failed, N skipped`) of several reports.
total() {
  awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 }
       END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' "$@"
}
