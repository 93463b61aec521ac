# usage: completion.sh FEDSIM. The bash script completes every command of --help and every option of a command's help;
# those of other shells parse where the shell is installed.
set -u
fedsim() { "$fedsim_binary" "$@"; }
fedsim_binary=$1
failed=0
for shell in bash zsh fish; do
  script=$(fedsim completion $shell) || { echo "completion $shell failed"; exit 1; }
  [ -n "$script" ] || { echo "completion $shell is empty"; failed=1; }
  if command -v $shell >/dev/null; then $shell -n /dev/stdin <<<"$script" || { echo "$shell does not parse it"; failed=1; }; fi
done
source /dev/stdin <<<"$(fedsim completion bash)"
complete_words() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _fedsim
}
has() { # has WORD COMMAND LINE...
  local word=$1
  shift
  complete_words "$@"
  [[ " ${COMPREPLY[*]} " == *" $word "* ]] || { echo "'$word' is not offered after '$*' (${COMPREPLY[*]})"; failed=1; }
}
commands=$(fedsim --help | sed -n '/^subcommands:/I,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 10 ] || { echo "too few commands in --help: $commands"; failed=1; }
for command in $commands; do
  has "$command" fedsim ''
  has "$command" fedsim "${command:0:2}"
  for option in $(fedsim "$command" --help | sed -n '/^options:/I,/^$/p' | grep -oE '^  (-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
    has "$option" fedsim "$command" --
  done
done
has markdown fedsim compare --format ''
has zsh fedsim completion ''
complete_words fedsim run ''
[ ${#COMPREPLY[@]} = 0 ] || { echo "after 'fedsim run' files should be offered"; failed=1; }
exit $failed
