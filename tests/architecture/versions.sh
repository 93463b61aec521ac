# usage: versions.sh FEDSIM. Each library that the program is linked with is named with its version.
set -u
text=$("$1" --version) || exit 1
failed=0
grep -qE '^fedsim [0-9]+\.[0-9]+\.[0-9]+$' <<<"$text" || { echo "no version of fedsim"; failed=1; }
for library in LibTorch HDF5 oneTBB toml\\+\\+ CLI11 fmt libsodium zlib; do
  grep -qE "^ *$library +[0-9]+\.[0-9]+" <<<"$text" || { echo "$library is not named"; failed=1; }
done
printf '%s\n' "$text"
exit $failed
