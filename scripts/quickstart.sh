#!/usr/bin/env bash
# From a fresh clone to a first result: dependencies, data, the Release build, one federated run on the full
# Fashion-MNIST, its picture. What is there already is left alone, so a second call takes seconds.
#
# usage: scripts/quickstart.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
config=configs/quickstart.toml
result=results/quickstart.h5
picture=results/quickstart.svg

step() { printf '\n== %s\n' "$*" >&2; }

step "dependencies"
scripts/install-deps.sh
step "data"
datasets/scripts/fashion-mnist/fetch.sh
step "build"
scripts/build.sh release fedsim

step "run: ./fedsim run $config"
if [ "$result" -nt "$config" ] && ./fedsim show "$result" 2>/dev/null | grep -qw complete; then
  echo "$result is complete; ./fedsim run $config --force runs it again" >&2
else
  ./fedsim run "$config" --force
fi
step "plot: ./fedsim plot $result -o $picture"
[ "$picture" -nt "$result" ] || ./fedsim plot "$result" -o "$picture"

cat <<DONE

The result is $result, its picture $picture. What next:
  ./fedsim show $result
  ./fedsim run $config --set algorithm.name=fedprox --set name=fedprox
  ./fedsim list
DONE
