#!/usr/bin/env bash
# Configures a preset and builds the named targets (all of them without names), with as many jobs as the memory allows.
#
# usage: scripts/build.sh PRESET [TARGET...]     presets: cmake --list-presets; FEDSIM_JOBS=n: n jobs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:?usage: scripts/build.sh PRESET [TARGET...]}
shift

# A file that includes LibTorch takes 1.3 GB to compile; with less memory than jobs the machine would swap.
jobs=$(nproc)
available=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)  # MiB
by_memory=$((available / 1300))
[ "$by_memory" -ge "$jobs" ] || jobs=$by_memory
[ "$jobs" -ge 1 ] || jobs=1
jobs=${FEDSIM_JOBS:-$jobs}

targets=()
[ $# = 0 ] || targets=(--target "$@")
# Configured already: the build itself sees whether CMake has to run again.
if [ ! -f "build/$preset/build.ninja" ] || [ "${TORCH_ROOT:-}${CMAKE_PREFIX_PATH:-}" != "" ]; then
  cmake --preset "$preset"
fi
cmake --build --preset "$preset" -j "$jobs" "${targets[@]}"
