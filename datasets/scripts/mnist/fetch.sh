#!/usr/bin/env bash
# MNIST: 60,000 + 10,000 images of handwritten digits, 28x28 (a download of 11 MB).
#
# usage: datasets/scripts/mnist/fetch.sh [FOLDER with the four IDX files]
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../idx.sh"
begin mnist "$@"
fetch_idx https://storage.googleapis.com/cvdf-datasets/mnist
