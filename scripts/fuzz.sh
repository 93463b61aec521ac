#!/usr/bin/env bash
# usage: scripts/fuzz.sh [SECONDS [TARGET ...]]
# Builds the libFuzzer programs (clang) and runs each for SECONDS (10). Exit 1 where one finds something; the file that did it is
# named: fix it, and add the file to tests/fuzz/corpus/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(config idx npy npz csv hdf5 checkpoint result)
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -- -j1 >&2
work=build/fuzz/work
mkdir -p "$work"
build/fuzz/tests/fuzz/fedsim_fuzz_replay tests/fuzz/corpus "$work/seeds" >&2
failed=0
for target in "${targets[@]}"; do
  mkdir -p "$work/$target" "tests/fuzz/corpus/$target"
  log=$work/$target.log
  leaks=1
  [ "$target" != hdf5 ] || leaks=0  # HDF5 itself leaks on damaged files
  if ASAN_OPTIONS=detect_leaks=$leaks build/fuzz/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=5 -detect_leaks=$leaks \
    -rss_limit_mb=1024 -max_len=400000 -artifact_prefix="$work/$target-" "$work/$target" "tests/fuzz/corpus/$target" "$work/seeds/$target" 2>"$log"; then
    echo "$target: $(grep -E '^Done' "$log")"
  else
    failed=1
    echo "$target: FAILED: $(grep -E 'ERROR|SUMMARY|Test unit written' "$log" | tr '\n' ' ')"
  fi
  rmdir "tests/fuzz/corpus/$target" 2>/dev/null || true
done
exit $failed
