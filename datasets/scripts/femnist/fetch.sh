#!/usr/bin/env bash
# Federated EMNIST, 62 classes, 3,400 writers: 671,585 + 77,483 images of 28x28 by user, as TensorFlow Federated
# publishes it (HDF5 by client; fedsim reads it as it is).
#
# usage: datasets/scripts/femnist/fetch.sh [FOLDER with fed_emnist_train.h5 and fed_emnist_test.h5, or the archive]
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../archive.sh"
begin femnist "$@"
fetch_archive https://storage.googleapis.com/tff-datasets-public/fed_emnist.tar.bz2 . \
  fed_emnist_train.h5 fed_emnist_test.h5
finish
