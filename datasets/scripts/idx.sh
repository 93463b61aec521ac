# MNIST and the data sets of its form: four IDX files, gzipped or not. Sourced by their fetch.sh.
idx_files=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)

# SHA256SUMS is of the decompressed files: gzip's output differs between its versions, the data does not.
idx_sha256() {
  case $1 in
    *.gz) gzip -dc "$1" 2>/dev/null | sha256sum | cut -d ' ' -f 1 ;;
    *) sha256_of "$1" ;;
  esac
}

# idx_in FOLDER FILE: prints the path of FILE.gz or FILE in a folder; fails where it is in neither form.
idx_in() {
  local candidate
  for candidate in "$1/$2.gz" "$1/$2"; do
    if [ -f "$candidate" ]; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# The first four bytes of an IDX file of unsigned bytes: 00 00 08 and the number of dimensions.
idx_magic() {
  case $1 in
    *.gz) gzip -dc "$1" 2>/dev/null ;;
    *) cat "$1" ;;
  esac | head -c 4 | od -An -tx1 | tr -d ' \n'
}

# fetch_idx URL [FOLDER of a system package]: the four files from the first that has them: the target itself, the
# folder given by hand, the package, the network.
fetch_idx() {
  local url=$1 package=${2:-} file path dimensions
  for file in "${idx_files[@]}"; do
    if [ -n "$given" ]; then
      path=$(idx_in "$given" "$file") || die "neither $file.gz nor $file is in $given"
      dimensions=${file##*idx}
      [ "$(idx_magic "$path")" = "0000080${dimensions%%-*}" ] || die "$path is not an IDX file of ${dimensions%%-*} dimensions"
      # Nothing of an earlier source may stay beside it in the other form.
      rm -f "$target/$file" "$target/$file.gz"
      link "$path"
      [ "$(idx_sha256 "$path")" = "$(expected_sha256 "$file")" ] ||
        say "warning: $path is not the published file (SHA256 differs); used as it is, since you named it"
    elif path=$(idx_in "$target" "$file") && [ -L "$path" ]; then
      [ -r "$path" ] || die "$path points to a file that is gone" "remove it, or run: fetch.sh FOLDER"
    elif [ -n "${path:-}" ] && [ "$(idx_sha256 "$path")" = "$(expected_sha256 "$file")" ]; then
      :
    elif [ -n "${path:-}" ]; then
      die "$path is damaged (SHA256 differs from the published file's)" "remove it and run this script again"
    elif [ -n "$package" ] && path=$(idx_in "$package" "$file") &&
      [ "$(idx_sha256 "$path")" = "$(expected_sha256 "$file")" ]; then
      link "$path"
    else
      download "$url/$file.gz" "$target/$file.gz.new"
      # Named .new until its content is verified: idx_sha256 goes by the name.
      [ "$(gzip -dc "$target/$file.gz.new" | sha256sum | cut -d ' ' -f 1)" = "$(expected_sha256 "$file")" ] || {
        rm -f "$target/$file.gz.new"
        die "$url/$file.gz is not the file that was published (SHA256 of its content differs)"
      }
      mv "$target/$file.gz.new" "$target/$file.gz"
    fi
  done
  finish
}
