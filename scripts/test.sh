#!/usr/bin/env bash
# Builds everything and runs all tests. Needs what scripts/install-deps.sh installs, which it calls.
#
# usage: scripts/test.sh [arguments of ctest, e.g. -R architecture]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-deps.sh
scripts/build.sh release
exec ctest --preset release --output-on-failure -j "$(nproc)" "$@"
