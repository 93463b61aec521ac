# usage: under_tsan.sh PROGRAM [ARGUMENT ...]. g++ 12's ThreadSanitizer stops at its start where addresses are more random
# than it knows (vm.mmap_rnd_bits above 28): without randomness then, where the system lets us.
set -u
bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)
if [ "$bits" -gt 28 ] && command -v setarch >/dev/null && setarch "$(uname -m)" -R true 2>/dev/null; then
  exec setarch "$(uname -m)" -R "$@"
fi
exec "$@"
