# usage: hardening.sh PROGRAM. The hardening flags of cmake/FedsimOptions.cmake are in the program that was linked.
set -u
program=$1 failed=0
command -v readelf >/dev/null || { echo "readelf is not there: install binutils"; exit 1; }
expect() { # WHAT PATTERN OPTION...: the output of readelf with these options has the pattern
  local what=$1 pattern=$2
  shift 2
  # Not in a pipe: grep -q would end readelf early.
  local text
  text=$(readelf -W "$@" "$program" 2>/dev/null)
  grep -Eq "$pattern" <<<"$text" || { echo "missing: $what"; failed=1; }
}
expect "position independent (PIE)" 'Type: +DYN' -h
expect "read-only relocations (RELRO)" 'GNU_RELRO' -l
expect "all symbols bound at the start (BIND_NOW)" 'BIND_NOW|FLAGS.* NOW' -d
expect "a stack that can't be executed" 'GNU_STACK .* RW +0x' -l
expect "stack protector" '__stack_chk_fail' --dyn-syms
expect "fortified calls of the C library" '_chk@|_chk$|_chk \(' --dyn-syms
if [ "$(uname -m)" = x86_64 ]; then
  # The linker drops the mark of the program where the C library's start files have none, as in Debian: look at the code.
  code=$(objdump -d --no-show-raw-insn --disassemble=main "$program")
  grep -q endbr64 <<<"$code" || { echo "missing: indirect branch tracking (-fcf-protection)"; failed=1; }
fi
exit $failed
