#!/usr/bin/env python3
"""Calls and total time by function, from function_graph text, the slow and plain way.

    function_graph_stats.py FILE   prints {"vfs_read": [calls, total_ns], "init [overlay]": ...} as JSON

A reference for the library's parser and statistics: it shares no code and no tables with them. A call counts where its
return is printed. A closing brace without a name belongs to the innermost open call at its depth, of the task that the
CPU's last switch line named.
"""
import json
import re
import sys

COLUMNS = {
    "abstime": r" *\d+\.\d{6} \|  ",
    "reltime": r" *\d+ us \|  ",
    "cpu": r" *(?P<cpu>\d+)\) ",
    "proc": r" *(?P<comm>.+?)-(?P<pid>\d+) * \| ",
    "flags": r" ?[^ |]{4,7} \| ",
    "duration": r"(?: {14,}|[ +!#*@$] *(?P<us>\d+)(?:\.(?P<fraction>\d{1,3}))? us +)\|  ",
}
NAME = r"[^\s(){};]+(?: \[[^\]]+\])?"
BODY = (
    r"(?P<indent> *)(?:"
    r"(?P<entry>" + NAME + r")\(.*\) \{(?: /\*.*\*/)?"
    r"|(?P<leaf>" + NAME + r")\(.*\);(?: /\*.*\*/)?"
    r"|(?P<exit>\})(?: /\* (?P<exited>" + NAME + r")(?: = \S+| (?:ret=)?\S+)? \*/)?"
    r")$"
)
SWITCH = re.compile(r"^ *(\d+)\) +(.+)-(\d+) +=> +(.+)-(\d+) *$")
LOSS = re.compile(r"^CPU:\d+ \[LOST (?:\d+ )?EVENTS\]$")


def line_pattern(columns):
    return re.compile("^" + "".join(COLUMNS[c] for c in columns) + BODY)


def columns_of_header(line):
    """What the last line of the header but one says: `# TIME CPU TASK/PID |||| DURATION FUNCTION CALLS`."""
    columns = []
    if "REL TIME" in line:
        columns.append("reltime")
    elif " TIME " in line:
        columns.append("abstime")
    for word, column in ((" CPU", "cpu"), ("TASK/PID", "proc"), ("||||", "flags"), ("DURATION", "duration")):
        if word in line:
            columns.append(column)
    return columns


def columns_by_trial(lines):
    """Without a header (trace_pipe): the set of columns that most lines of the start fit."""
    names = list(COLUMNS)
    best, best_count = [], 0
    for bits in range(1 << len(names)):
        columns = [n for i, n in enumerate(names) if bits >> i & 1]
        if "abstime" in columns and "reltime" in columns:
            continue
        pattern = line_pattern(columns)
        # A column that is there is matched as indentation or part of the name if left out: prefer more columns.
        count = sum(pattern.match(line) is not None for line in lines[:300])
        if count > best_count or (count == best_count and count and len(columns) > len(best)):
            best, best_count = columns, count
    return best


class Stacks:
    """Open calls by task. An idle task is one a CPU; a task without a name is the CPU's until a switch line tells."""

    def __init__(self):
        self.open = {}
        self.current = {}

    def reset(self):
        self.open.clear()
        self.current.clear()

    @staticmethod
    def key(cpu, pid):
        return ("idle", cpu) if pid == 0 else ("task", pid)

    def switch(self, cpu, before, after):
        unnamed = ("unnamed", cpu)
        if self.current.get(cpu) == unnamed:
            calls = self.open.pop(unnamed, [])
            # If the task has run elsewhere already, how the two fit together is not known.
            self.open.setdefault(self.key(cpu, before), calls)
        self.current[cpu] = self.key(cpu, after)

    def of(self, cpu, pid):
        if pid is not None:
            self.current[cpu] = self.key(cpu, pid)
        task = self.current.setdefault(cpu, ("unnamed", cpu))
        return self.open.setdefault(task, [])


def statistics(text):
    lines = text.split("\n")
    stats = {}
    stacks = Stacks()
    pattern = None
    single_cpu = None  # without the cpu column, switch lines still name it
    header_seen = False

    def count(name, match):
        groups = match.groupdict()
        entry = stats.setdefault(name or "", [0, 0])
        entry[0] += 1
        if groups.get("us") is not None:
            entry[1] += int(groups["us"]) * 1000 + int((groups["fraction"] or "0").ljust(3, "0"))

    for line in lines:
        if line.startswith("#"):
            if line.startswith("# tracer: "):
                stacks.reset()
                single_cpu = None
                header_seen = False
                pattern = None
            if "FUNCTION CALLS" in line:
                pattern = line_pattern(columns_of_header(line))
                header_seen = True
            continue
        if LOSS.match(line):
            continue
        switch = SWITCH.match(line)
        if switch:
            cpu = switch[1]
            if single_cpu is None:
                single_cpu = cpu
            elif single_cpu != cpu:
                single_cpu = "several"
            stacks.switch(cpu, int(switch[3]), int(switch[5]))
            continue
        if pattern is None and not header_seen:
            pattern = line_pattern(columns_by_trial(lines))
        match = pattern.match(line)
        if not match:
            continue
        groups = match.groupdict()
        cpu = groups.get("cpu")
        pid = int(groups["pid"]) if groups.get("pid") is not None else None
        if cpu is None and single_cpu not in (None, "several") and pid is None:
            cpu = single_cpu
        open_calls = stacks.of(cpu, pid)
        depth = len(groups["indent"]) // 2
        if groups["exit"] is None:
            while open_calls and open_calls[-1][0] >= depth:
                open_calls.pop()
            if groups["entry"] is not None:
                open_calls.append((depth, groups["entry"]))
            else:
                count(groups["leaf"], match)
            continue
        while open_calls and open_calls[-1][0] > depth:
            open_calls.pop()
        name = groups["exited"]
        if open_calls and open_calls[-1][0] == depth:
            _, entered = open_calls.pop()
            name = name or entered
        count(name, match)
    return stats


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        json.dump(statistics(file.read()), sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
