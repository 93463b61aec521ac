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
# --resume leaves a complete result alone and goes on with an unfinished one. Exit 2 where it is of another config (this
# checkout's was changed since): then it is made anew.
status=0
./fedsim run "$config" --resume || status=$?
if [ $status = 2 ] && [ -e "$result" ]; then
  ./fedsim run "$config" --force
elif [ $status != 0 ]; then
  exit $status
fi
step "plot: ./fedsim plot $result -o $picture"
[ "$picture" -nt "$result" ] || ./fedsim plot "$result" -o "$picture"

cat <<DONE

The result is $result, its picture $picture. What next:
  ./fedsim show $result
  ./fedsim run $config --set algorithm.name=fedprox --set name=fedprox
  ./fedsim list
DONE
