# usage: scripts.sh CHECKOUT. Every shell script parses, may be executed where it is a command, and stops at errors.
set -u
cd "$1" || exit 1
failed=0 count=0
wrong() { echo "$*"; failed=1; }
while read -r file; do
  count=$((count + 1))
  bash -n "$file" || wrong "$file does not parse"
  case $file in
    datasets/scripts/*/*.sh | scripts/*.sh | .ci/run)
      [ -x "$file" ] || wrong "$file may not be executed"
      head -n 1 "$file" | grep -qx '#!/usr/bin/env bash' || wrong "$file has no #!/usr/bin/env bash"
      grep -qx 'set -euo pipefail' "$file" || wrong "$file does not stop at errors: set -euo pipefail"
      ;;
  esac
done < <(find scripts datasets/scripts tests .ci \( -name '*.sh' -o -path .ci/run \) -type f | sort)
echo "$count scripts"
[ "$count" -ge 10 ] || wrong "too few scripts found"
for folder in datasets/scripts/*/; do
  for file in fetch.sh README.md SHA256SUMS; do [ -f "$folder$file" ] || wrong "$folder$file is missing"; done
  if grep -vqE '^[0-9a-f]{64}  [^ ]+$' "${folder}SHA256SUMS"; then wrong "${folder}SHA256SUMS has a line of another form"; fi
done
exit $failed
