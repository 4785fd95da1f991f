#!/usr/bin/env python3
"""Compares calls and totals by function of the library with those of the reference, for every capture.

    compare_function_stats.py DUMP_PROGRAM FOLDER_OR_FILE...
"""
import json
import pathlib
import subprocess
import sys

from function_graph_stats import statistics


def captures(arguments):
    for argument in arguments:
        path = pathlib.Path(argument)
        yield from sorted(path.rglob("*.txt")) if path.is_dir() else [path]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    compared, calls, different = 0, 0, 0
    for path in captures(sys.argv[2:]):
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
        dumped = subprocess.run([sys.argv[1], str(path)], check=True, stdout=subprocess.PIPE).stdout
        ours = {name: tuple(values) for name, values in json.loads(dumped).items()}
        theirs = {name: tuple(values) for name, values in statistics(text).items()}
        if not ours and not theirs:
            continue  # no function_graph text
        compared += 1
        calls += sum(c for c, _ in theirs.values())
        if ours == theirs:
            continue
        different += 1
        print(f"{path}: differs")
        for name in sorted(set(ours) | set(theirs)):
            if ours.get(name) != theirs.get(name):
                print(f"  {name or '(unknown)'}: ours {ours.get(name)}, reference {theirs.get(name)}")
    print(f"{compared} captures with {calls} calls compared, {different} differ")
    if compared == 0:
        print("nothing was compared")
    sys.exit(1 if different or not compared else 0)


if __name__ == "__main__":
    main()
