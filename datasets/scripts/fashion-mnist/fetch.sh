#!/usr/bin/env bash
# Fashion-MNIST: 60,000 + 10,000 images of 28x28 in ten classes. Takes Debian's package dataset-fashion-mnist where it
# is installed (no network needed), else downloads the published files (31 MB).
#
# usage: datasets/scripts/fashion-mnist/fetch.sh [FOLDER with the four IDX files]
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../idx.sh"
begin fashion-mnist "$@"
fetch_idx http://fashion-mnist.s3-website.eu-central-1.amazonaws.com /usr/share/datasets/fashion-mnist
