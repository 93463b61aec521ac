#!/usr/bin/env bash
# usage: scripts/torture.sh [--quick] [--seed N] [R1 R3 ...]
# Kills, signals, failing system calls, full disks, flipped bits and lost power, tried on the program: docs/reliability.md. Prints
# a table; exit 1 where a trial fails. --quick: a few cases of each, half a minute. All: 7 to 30 minutes, and 9 GB in
# $TMPDIR for R9s.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --target fedsim fedsim_faults fedsim_torture >&2
exec build/release/tests/torture/fedsim_torture --binary "$PWD/build/release/fedsim" --faults "$PWD/build/release/libfedsim_faults.so" "$@"
