#!/usr/bin/env bash
# CIFAR-10, binary version: 50,000 + 10,000 colour images of 32x32 in ten classes (a download of 170 MB).
#
# usage: datasets/scripts/cifar10/fetch.sh [FOLDER with data_batch_1.bin ... test_batch.bin, or with the archive]
set -euo pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../archive.sh"
begin cifar10 "$@"
fetch_archive https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz cifar-10-batches-bin \
  data_batch_1.bin data_batch_2.bin data_batch_3.bin data_batch_4.bin data_batch_5.bin test_batch.bin
for file in "$target"/*_batch*.bin; do
  # A record is one label and 32x32x3 pixels; a file has 10,000 of them.
  [ "$(wc -c <"$file")" = $((10000 * 3073)) ] || die "$file has $(wc -c <"$file") bytes, expected $((10000 * 3073))"
done
finish
