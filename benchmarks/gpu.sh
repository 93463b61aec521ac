#!/usr/bin/env bash
# Clients one at a time (autograd) against whole cohorts (batched) on a GPU: ms a round, median of the rounds after the
# third (libraries set themselves up, graphs are captured), for W1 to W7 and the shape of pfl-research's CIFAR-10
# benchmark.
#   benchmarks/gpu.sh [--device cuda:0] [--rounds 20] [--clients 64] [WORKLOAD...]
# --clients: batched_clients of the config. --device cpu shows that it works; its figures say nothing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fedsim=$here/../build/release/fedsim
device=cuda rounds=20 clients=64
while [ $# -gt 0 ]; do
  case $1 in
    --device) device=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    --clients) clients=$2; shift 2 ;;
    -*) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
    *) break ;;
  esac
done
if [ "$rounds" -lt 4 ]; then echo "gpu.sh: --rounds must be 4 or more: the first three are not counted" >&2; exit 2; fi
if [ $# -eq 0 ]; then set -- w1 w2 w3 w4 w5 w6 w7 cifar-shape; fi
if [ ! -x "$fedsim" ]; then echo "gpu.sh: build fedsim first: scripts/build.sh" >&2; exit 2; fi
if [ ! -f "$here/data/images.npz" ]; then python3 "$here/make-data.py"; fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# median_ms WORKLOAD TRAINER
median_ms() {
  "$fedsim" run "$here/workloads/$1.toml" --set trainer="$2" --set rounds="$rounds" \
    --set batched_clients="$clients" --device "$device" --quiet --force \
    -o "$out/run.h5" >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
  python3 - "$out/run.jsonl" <<'PYTHON'
import json, statistics, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
print(f"{statistics.median(1000 * (r['seconds'] - r['seconds_evaluate']) for r in rows if r.get('round', 0) > 3):.1f}")
PYTHON
}

"$fedsim" --version
if command -v nvidia-smi >/dev/null; then nvidia-smi --query-gpu=name,driver_version --format=csv,noheader; fi
printf '\n| workload | a client at a time, ms | whole cohorts, ms | ratio |\n|---|---|---|---|\n'
for workload in "$@"; do
  single=$(median_ms "$workload" autograd)
  batched=$(median_ms "$workload" batched)
  ratio=$(python3 -c "print(f'{$single / $batched:.1f}')")
  printf '| %s | %s | %s | %s |\n' "$workload" "$single" "$batched" "$ratio"
done
