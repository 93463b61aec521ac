# Data sets that come as one tar archive (or a few) with files in it. Sourced by their fetch.sh.

# The archive's files, or those of a folder given by hand, in the target? Each must be there and not empty.
all_present() {
  local folder=$1 file
  shift
  for file in "$@"; do [ -s "$folder/$file" ] || return 1; done
}

# where_of FILE...: the folder within $given that holds them: itself or the one named as the archive's own folder.
given_folder() {
  local inner=$1 folder
  shift
  for folder in "$given" "$given/$inner"; do
    if all_present "$folder" "$@"; then
      printf '%s\n' "$folder"
      return 0
    fi
  done
  return 1
}

# fetch_archive URL INNER FILE...: FILEs (plain names) from an archive in which they lie in the folder INNER ("." for
# none). Sources: the target, the folder given by hand (with the files or with the archive), the network.
fetch_archive() {
  local url=$1 inner=$2 archive sum folder file
  shift 2
  archive=$(basename "$url")
  sum=$(expected_sha256 "$archive")
  if [ -n "$given" ] && folder=$(given_folder "$inner" "$@"); then
    for file in "$@"; do check_file "$folder/$file" && link "$folder/$file"; done
    return
  fi
  if [ -z "$given" ] && all_present "$target" "$@"; then
    for file in "$@"; do check_file "$target/$file"; done
    return
  fi
  if [ -n "$given" ]; then
    [ -f "$given/$archive" ] || die "neither $archive nor its files are in $given" "files: $*"
    [ "$(sha256_of "$given/$archive")" = "$sum" ] || die "$given/$archive is not the archive that was published" \
      "expected SHA256 $sum"
    archive=$given/$archive
  else
    archive=$target/$archive
    [ -f "$archive" ] && [ "$(sha256_of "$archive")" = "$sum" ] || download "$url" "$archive" "$sum"
  fi
  unpack "$archive" "$inner" "$@"
  [ -n "$given" ] || rm -f "$archive"
}

# unpack ARCHIVE INNER FILE...: aside first, so that a half-written file is never taken for the data.
unpack() {
  local archive=$1 inner=$2 file
  shift 2
  case $archive in
    *.bz2) command -v bzip2 >/dev/null || die "bzip2 is missing" "install it: apt-get install bzip2" ;;
  esac
  rm -rf "$target/unpack.part"
  mkdir "$target/unpack.part"
  say "unpacking $(basename "$archive")"
  tar -xf "$archive" -C "$target/unpack.part" || die "$archive can't be unpacked" "is there room on the disk?"
  for file in "$@"; do
    [ -s "$target/unpack.part/$inner/$file" ] || die "$(basename "$archive") has no $inner/$file"
    check_file "$target/unpack.part/$inner/$file"
    mv "$target/unpack.part/$inner/$file" "$target/$file"
  done
  rm -rf "$target/unpack.part"
}

# check_file FILE: what can be told of a file by itself. HDF5 files by their signature, others by checksum where
# SHA256SUMS has one.
check_file() {
  local sum
  case $1 in
    *.h5)
      [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 894844460d0a1a0a ] || die "$1 is not an HDF5 file"
      ;;
  esac
  sum=$(expected_sha256 "$(basename "$1")")
  [ -z "$sum" ] || [ "$(sha256_of "$1")" = "$sum" ] || die "$1 is not the file that was published (SHA256 differs)"
}
