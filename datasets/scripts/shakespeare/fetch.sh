#!/usr/bin/env bash
# Shakespeare, 715 speaking roles: lines of text by role, as TensorFlow Federated publishes it (HDF5 by client;
# fedsim reads it as it is).
#
# usage: datasets/scripts/shakespeare/fetch.sh [FOLDER with shakespeare_train.h5 and shakespeare_test.h5, or the archive]
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../archive.sh"
begin shakespeare "$@"
fetch_archive https://storage.googleapis.com/tff-datasets-public/shakespeare.tar.bz2 . \
  shakespeare_train.h5 shakespeare_test.h5
finish
