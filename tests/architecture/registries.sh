# usage: registries.sh CHECKOUT FEDSIM. A class that registers itself in its own file is in `fedsim list`: the linker
# dropped no file; and the file bears the name.
set -u
listed=$("$2" list) || { echo "fedsim list failed"; exit 1; }
failed=0 count=0
while read -r file; do
  # The last line of the file, in one piece: const Register<Base, Class> entry{"name", ...};
  name=$(tr '\n' ' ' <"$file" | sed -nE 's/.*const Register<[A-Za-z]+, [A-Za-z0-9]+> [a-z_]+\{ *"([^"]+)".*/\1/p')
  [ -n "$name" ] || { echo "$file: no name found in its Register line"; failed=1; continue; }
  count=$((count + 1))
  grep -qE "^[[:space:]]*$name([[:space:]]|\$)" <<<"$listed" || { echo "$file: '$name' is not in fedsim list"; failed=1; }
  stem=$(basename "$file" .cpp)
  [ "${stem//_/-}" = "${name//_/-}" ] || { echo "$file registers '$name': one of the two names should change"; failed=1; }
done < <(grep -lr --include='*.cpp' '^const Register<' "$1/lib" | sort)
echo "$count registered classes"
[ "$count" -ge 20 ] || { echo "too few found"; failed=1; }
exit $failed
