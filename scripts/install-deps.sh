#!/usr/bin/env bash
# Installs what fedsim is built on, only what is missing: packages of the system (Debian 12, Ubuntu 24.04 and newer)
# and LibTorch, in .venv of this checkout. Root is needed for packages alone, by sudo where you are not root.
#
# usage: scripts/install-deps.sh [--cuda]
#   --cuda   LibTorch with its CUDA libraries (several GB more), for device = "cuda"
#
# An own LibTorch (2.4 or newer, of the C++11 ABI) instead of .venv: set TORCH_ROOT or CMAKE_PREFIX_PATH to its folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

torch_version=2.11.0
# libtorch_cpu.so needs libcudart.so.13 and libcupti.so.13 beside it, on machines without a GPU too. These are the
# versions of the CUDA release that this LibTorch was built with.
cuda_wheels=(nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
cuda_headers=nvidia-cuda-crt==13.0.88  # what the runtime's headers include; no dependency of torch

# package, then a program that does as well where it is there already ("-": none)
needed=(
  "g++ g++" "cmake cmake" "ninja-build ninja" "pkg-config pkg-config" "git git" "ca-certificates -"
  "libcli11-dev -" "libhdf5-dev -" "libfmt-dev -" "libtbb-dev -" "libtomlplusplus-dev -" "libsodium-dev -"
  "liblmdb-dev -" "zlib1g-dev -" "catch2 -")
# package, the program ("-": none), what does not work without it
useful=(
  "gnuplot-nox gnuplot fedsim plot"
  "librsvg2-bin rsvg-convert plots as PNG and PDF"
  "hdf5-tools h5dump looking into result files with h5dump"
  "dataset-fashion-mnist - Fashion-MNIST from the system (datasets/scripts/fashion-mnist downloads it instead)")

say() { printf '%s\n' "install-deps: $*" >&2; }
die() {
  say "$1"
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
present() { installed "$1" || { [ "$2" != - ] && command -v "$2" >/dev/null 2>&1; }; }

# Those of the named packages (with their programs) that are not there, one a line.
missing_of() {
  local entry package program rest
  for entry in "$@"; do
    read -r package program rest <<<"$entry"
    present "$package" "$program" || printf '%s\n' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif [ -t 0 ]; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# Installs packages with apt-get: all at once, and one by one where that fails, so that one bad package costs no other.
apt_install() {
  local log package
  log=$(mktemp)
  say "installing $*"
  as_root apt-get -q -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 ||
    { say "apt-get update failed, going on with the package lists that are there:"; tail -n 5 "$log" >&2; }
  local install=(apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install)
  if ! as_root "${install[@]}" "$@" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    for package in "$@"; do as_root "${install[@]}" "$package" >"$log" 2>&1 || { grep '^E:' "$log" >&2 || :; }; done
  fi
  rm -f "$log"
}

system_packages() {
  local missing missing_useful entry package program rest
  mapfile -t missing < <(missing_of "${needed[@]}" "${venv_package[@]}")
  mapfile -t missing_useful < <(missing_of "${useful[@]}")
  [ ${#missing[@]} = 0 ] && [ ${#missing_useful[@]} = 0 ] && return
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    say "no root and no sudo: packages can't be installed"
  else
    apt_install "${missing[@]}" "${missing_useful[@]}"
  fi
  for entry in "${useful[@]}"; do
    read -r package program rest <<<"$entry"
    present "$package" "$program" || say "warning: package $package could not be installed; without it: no $rest"
  done
  mapfile -t missing < <(missing_of "${needed[@]}" "${venv_package[@]}")
  [ ${#missing[@]} = 0 ] ||
    die "these packages are missing and could not be installed:" "${missing[@]}" \
      "have an administrator run: apt-get install ${missing[*]}"
}

# An own LibTorch, if one is named: its folder, else nothing.
own_torch() {
  local prefix prefixes
  IFS=':;' read -r -a prefixes <<<"${TORCH_ROOT:-}:${CMAKE_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    if [ -n "$prefix" ] && [ -f "$prefix/include/torch/script.h" ]; then
      printf '%s\n' "$prefix"
      return
    fi
  done
}

install_torch() {
  local stamp=.venv/fedsim-libtorch with_cuda="torch $torch_version with cuda, $cuda_headers"
  local wanted="torch $torch_version ${cuda_wheels[*]}"
  [ "$cuda" = no ] || wanted=$with_cuda
  if [ -f "$stamp" ] && compgen -G '.venv/lib/python3*/site-packages/torch/lib/libtorch_cpu.so' >/dev/null; then
    # A LibTorch with its CUDA libraries serves as well, also one of an earlier version of this script.
    case $(cat "$stamp") in
      "$wanted") return ;;
      "torch $torch_version with cuda"*) [ "$cuda" = yes ] || return ;;
    esac
  fi
  say "installing LibTorch $torch_version into .venv (a download of some 550 MB)"
  rm -f "$stamp"
  [ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null || python3 -m venv --clear .venv
  # No cache: it would keep (and hold in memory) another copy of the largest wheel. No byte code: no Python runs it.
  local pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input install -q --no-cache-dir --no-compile
             --retries 5 --timeout 60)
  local hint=("pip's own message is above; with a network again, run this script once more"
              "or unpack a LibTorch of your own and set TORCH_ROOT to its folder")
  if [ "$cuda" = no ]; then
    "${pip[@]}" --no-deps "torch==$torch_version" "${cuda_wheels[@]}" || die "LibTorch could not be installed" "${hint[@]}"
  else
    "${pip[@]}" "torch==$torch_version" "$cuda_headers" || die "LibTorch could not be installed" "${hint[@]}"
  fi
  printf '%s\n' "$wanted" >"$stamp"
}

cuda=no
for argument in "$@"; do
  case $argument in
    --cuda) cuda=yes ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown argument '$argument'" "usage: scripts/install-deps.sh [--cuda]" ;;
  esac
done

torch=$(own_torch)
venv_package=()
[ -n "$torch" ] || venv_package=("python3-venv -")

if [ -n "${TORCH_ROOT:-}" ] && [ "$torch" != "$TORCH_ROOT" ]; then
  die "TORCH_ROOT=$TORCH_ROOT has no include/torch/script.h" "set it to the folder of an unpacked LibTorch, or unset it"
fi
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  system_packages
else
  say "not a Debian or Ubuntu system: install the counterparts of these yourself, CMake will name what it misses:"
  printf '  %s\n' "${needed[@]%% *}" "${useful[@]%% *}" >&2
fi
if [ -n "$torch" ]; then
  say "using the LibTorch in $torch"
else
  install_torch
fi
