# What the fetch.sh of the datasets share; sourced by them. They put data into $FEDSIM_DATA/NAME, else into
# datasets/data/NAME of this checkout, and do nothing where it is complete already.

say() { printf '%s\n' "$name: $*" >&2; }
die() {
  say "$1"
  shift
  [ $# = 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# begin NAME [FOLDER]: sets name, here (the scripts' folder), target, given (the folder named by hand, or nothing).
begin() {
  name=$1
  given=${2:-}
  [ $# -le 2 ] || die "too many arguments" "usage: datasets/scripts/$name/fetch.sh [FOLDER]"
  case $given in
    -h | --help) sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  esac
  here=$(cd "$(dirname "$0")" && pwd)
  target=${FEDSIM_DATA:-$(cd "$here/../.." && pwd)/data}/$name
  if [ -n "$given" ]; then
    [ -d "$given" ] || die "$given is not a folder"
    given=$(cd "$given" && pwd)
  fi
  mkdir -p "$target" || die "can't make the folder $target" "set FEDSIM_DATA to a folder that you can write to"
}

# The checksum that SHA256SUMS has for a file, or nothing.
expected_sha256() { awk -v file="$1" '$2 == file {print $1}' "$here/SHA256SUMS"; }
sha256_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# download URL FILE [SHA256]: FILE appears whole and verified, or not at all. A broken-off download is continued.
download() {
  local url=$1 file=$2 sum=${3:-} part=$2.part status=0
  say "downloading $url"
  if command -v curl >/dev/null; then
    curl -fL --retry 3 --connect-timeout 20 -sS -C - -o "$part" "$url" || status=$?
  elif command -v wget >/dev/null; then
    wget -q -c --tries=3 --timeout=20 -O "$part" "$url" || status=$?
  elif command -v python3 >/dev/null; then
    python3 -c 'import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=20) as source, open(sys.argv[2], "wb") as out:
    shutil.copyfileobj(source, out)' "$url" "$part" || status=$?
  else
    die "no program to download with" "install curl, wget or python3"
  fi
  [ $status = 0 ] || die "the download failed" "source: $url" \
    "no network here? Fetch it elsewhere and run: datasets/scripts/$name/fetch.sh FOLDER"
  if [ -n "$sum" ] && [ "$(sha256_of "$part")" != "$sum" ]; then
    local got
    got=$(sha256_of "$part")
    rm -f "$part"
    die "$url is not the file that was published" "expected SHA256 $sum" "got             $got"
  fi
  mv "$part" "$file"
}

# link FILE: a link to it in the target folder; the data is not copied.
link() {
  ln -sfn "$1" "$target/$(basename "$1")"
  say "using $1"
}

finish() { printf '%s\n' "$name: complete in $target"; }
