#!/usr/bin/env bash
# Federated EMNIST, 62 classes, 3,400 writers: 671,585 + 77,483 images of 28x28 by user, as TensorFlow Federated
# publishes it (HDF5 by client; fedsim reads it as it is). --digits-only: the ten digits, 3,383 writers, 341,873 + 40,832.
#
# usage: datasets/scripts/femnist/fetch.sh [--digits-only] [FOLDER with ..._train.h5 and ..._test.h5, or the archive]
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../archive.sh"
stem=fed_emnist
if [ "${1:-}" = --digits-only ]; then
  stem=fed_emnist_digitsonly
  shift
fi
begin femnist "$@"
fetch_archive https://storage.googleapis.com/tff-datasets-public/$stem.tar.bz2 . ${stem}_train.h5 ${stem}_test.h5
finish
