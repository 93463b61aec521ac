#!/usr/bin/env bash
# Stack Overflow, 342,477 users of the training set: sentences of questions and answers by user, as TensorFlow
# Federated publishes it (HDF5 by client, many GB unpacked), and its word counts, from which a vocabulary is made.
#
# usage: datasets/scripts/stackoverflow/fetch.sh [FOLDER with the files or the archives]
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../archive.sh"
begin stackoverflow "$@"
source=https://storage.googleapis.com/tff-datasets-public
fetch_archive $source/stackoverflow.word_count.tar.bz2 . stackoverflow.word_count
fetch_archive $source/stackoverflow.tar.bz2 . stackoverflow_train.h5 stackoverflow_held_out.h5 stackoverflow_test.h5
finish
