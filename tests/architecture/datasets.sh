# usage: datasets.sh CHECKOUT. The fetch scripts on small made files, with a curl of our own in place of the network.
set -u
scripts=$1/datasets/scripts
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
export FEDSIM_DATA=$temporary/data
failed=0
expect() { # expect STATUS TEXT COMMAND...: exit status and a part of the output
  local status=$1 text=$2 output got
  shift 2
  output=$("$@" 2>&1)
  got=$?
  if [ $got != "$status" ] || [[ $output != *"$text"* ]]; then
    printf 'FAILED: %s\n  expected exit %s and "%s", got exit %s and:\n%s\n' "$*" "$status" "$text" "$got" "$output"
    failed=1
  fi
}

# IDX: four files of the right form, one of them not gzipped, none of them the published ones.
mkdir -p "$temporary/idx" "$temporary/bin"
images='\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x07' labels='\x00\x00\x08\x01\x00\x00\x00\x01\x03'
for part in train t10k; do
  printf "$images" | gzip >"$temporary/idx/$part-images-idx3-ubyte.gz"
  printf "$labels" | gzip >"$temporary/idx/$part-labels-idx1-ubyte.gz"
done
gzip -d "$temporary/idx/t10k-labels-idx1-ubyte.gz"
expect 0 "not the published file" "$scripts/mnist/fetch.sh" "$temporary/idx"
expect 0 "mnist: complete in $FEDSIM_DATA/mnist" "$scripts/mnist/fetch.sh"
[ "$(gzip -dc "$FEDSIM_DATA/mnist/train-images-idx3-ubyte.gz" | wc -c)" = 17 ] || { echo "FAILED: link"; failed=1; }
printf 'abcdefgh' | gzip >"$temporary/idx/train-labels-idx1-ubyte.gz"
expect 1 "is not an IDX file of 1 dimensions" "$scripts/mnist/fetch.sh" "$temporary/idx"
rm "$temporary/idx/train-labels-idx1-ubyte.gz"
expect 1 "neither train-labels-idx1-ubyte.gz nor train-labels-idx1-ubyte is in" "$scripts/mnist/fetch.sh" "$temporary/idx"
expect 1 "is not a folder" "$scripts/mnist/fetch.sh" "$temporary/nowhere"
expect 0 "usage: datasets/scripts/mnist/fetch.sh" "$scripts/mnist/fetch.sh" --help

# The network: not there; then with a file that is not the published one, of which nothing may stay.
rm -rf "$FEDSIM_DATA"
printf '#!/bin/sh\nexit 6\n' >"$temporary/bin/curl"
chmod +x "$temporary/bin/curl"
PATH=$temporary/bin:$PATH expect 1 "no network here?" "$scripts/mnist/fetch.sh"
PATH=$temporary/bin:$PATH expect 1 "no network here?" "$scripts/femnist/fetch.sh"
cat >"$temporary/bin/curl" <<'CURL'
#!/bin/sh
while [ "$1" != -o ]; do shift; done
echo something else | gzip >"$2"
CURL
PATH=$temporary/bin:$PATH expect 1 "is not the file that was published" "$scripts/mnist/fetch.sh"
PATH=$temporary/bin:$PATH expect 1 "expected SHA256 0285be99" "$scripts/shakespeare/fetch.sh"
[ -z "$(find "$FEDSIM_DATA" -type f)" ] || { echo "FAILED: a wrong download stayed"; failed=1; }

# Archives and their files by hand.
mkdir "$temporary/hand"
expect 1 "neither fed_emnist.tar.bz2 nor its files are in" "$scripts/femnist/fetch.sh" "$temporary/hand"
for file in train test; do printf '\x89HDF\r\n\x1a\nrest' >"$temporary/hand/fed_emnist_$file.h5"; done
expect 0 "femnist: complete" "$scripts/femnist/fetch.sh" "$temporary/hand"
expect 0 "femnist: complete" "$scripts/femnist/fetch.sh"
echo text >"$temporary/hand/fed_emnist_test.h5"
expect 1 "is not an HDF5 file" "$scripts/femnist/fetch.sh" "$temporary/hand"
for file in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
  head -c 3073 /dev/zero >"$temporary/hand/$file.bin"
done
expect 1 "has 3073 bytes, expected 30730000" "$scripts/cifar10/fetch.sh" "$temporary/hand"
exit $failed
