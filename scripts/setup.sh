#!/usr/bin/env bash
# Sets up a checkout: system packages, npm packages, third-party sources, native build,
# TypeScript build, models. Each step checks what is there, so that a second run takes under a second.
#   scripts/setup.sh [--until <step>] [--no-apt] [--bench] [--cross]
# steps: packages npm sources native dist models; --bench adds the packages of the bench's peers,
# --cross those of scripts/test-levels.sh
set -euo pipefail
cd "$(dirname "$0")/.."

steps=(packages npm sources native dist models)
until=models
apt=yes
bench=no
cross=no
while (($#)); do
  case $1 in
    --until) until=${2:-} && shift 2 ;;
    --no-apt) apt=no && shift ;;
    --bench) bench=yes && shift ;;
    --cross) cross=yes && shift ;;
    *)
      echo "usage: scripts/setup.sh [--until <step>] [--no-apt] [--bench] [--cross]" >&2
      exit 2
      ;;
  esac
done

[[ " ${steps[*]} " == *" $until "* ]] || {
  echo "setup: no step '$until'; the steps are: ${steps[*]}" >&2
  exit 2
}

packages=(
  g++         # the compiler, with the sanitizers' libraries
  cmake       # the native build
  ninja-build # runs it
  make        # makes SQLite's amalgamation, with the next one
  tcl         # tclsh, for SQLite's amalgamation
  patch       # Debian's security patches for SQLite
  xz-utils    # unpacks SQLite's source
  bzip2       # unpacks dlib's source and models
  python3     # node-gyp
  sqlite3     # reads our databases in the tests, independently of us
  clang-format # checks the layout of the C++ code
  libhwy-dev  # Highway's headers: vectors for every level of CPUs
  ffmpeg      # decodes video in a process of its own; makes the clips of the tests
  fonts-dejavu-core fontconfig-config # the labels on the pictures of quickstart
)
bench_packages=(
  libopenblas-dev # stock dlib's BLAS
  libjpeg-dev     # stock dlib's JPEG reader
  libdnnl-dev     # oneDNN, another library for networks
  libxnnpack-dev libpthreadpool-dev # XNNPACK, another one
)
[[ $bench == yes ]] && packages+=("${bench_packages[@]}")
cross_packages=(
  g++-aarch64-linux-gnu # compiles the inference core for ARM
  qemu-user             # runs it, and the addon on a plain x86-64 CPU
)
[[ $cross == yes ]] && packages+=("${cross_packages[@]}")

logs=third_party/logs
stamps=third_party/stamps
mkdir -p $logs $stamps
exec 9>third_party/lock
flock -n 9 || { echo "waiting for the other set-up of this checkout" && flock 9; }

seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }
now() { date +%s%3N; }

job=""    # the process group of the running step
ticker="" # shows its signs of life

# Ctrl-C ends the step too, before the lock is given back.
stop() {
  trap '' INT TERM HUP
  if [[ $job ]]; then
    kill -- "-$job" 2>/dev/null || true
    wait "$job" 2>/dev/null || true
  fi
  kill "$ticker" 2>/dev/null || true
  echo "setup: stopped. Run again: npm run setup" >&2
  exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM
trap 'stop 129' HUP

# run <name> <what it does> <command...>: one line with the time that it took; the output goes to a
# log, of which a sign of life is shown every ten seconds.
run() {
  local name=$1 what=$2 log=$logs/$1.log start status=0
  shift 2
  start=$(now)
  set -m # gives the job a process group of its own
  "$@" >"$log" 2>&1 </dev/null 9>&- &
  job=$!
  set +m
  (
    while sleep 10 >/dev/null 2>&1; do
      echo "  $what ... $(tail -n 1 "$log" | tr -d '\r' | cut -c1-100)"
    done
  ) 9>&- &
  ticker=$!
  wait "$job" || status=$?
  job=""
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if ((status)); then
    grep -iE -m 8 'error|fatal|fail' "$log" >&2 || tail -n 8 "$log" >&2
    echo "setup: step '$name' failed ($what). Full log: $PWD/$log. Run again: npm run setup" >&2
    exit 1
  fi
  echo "$what: done in $(seconds $(($(now) - start)))"
}

# The hash of files and words: what a stamp holds.
fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { [[ -f $1 && $(<"$1") == "$2" ]]; }

step_packages() {
  command -v dpkg-query >/dev/null || {
    echo "setup: supported is Debian 12 or newer" >&2
    exit 1
  }
  local missing=() package as_root=() states
  # One call for all: a call for each was a fifth of a second set-up. It fails when one is unknown.
  states=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
  for package in "${packages[@]}"; do
    [[ $'\n'$states$'\n' == *$'\n'"$package installed"$'\n'* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local by_hand="apt-get install -y --no-install-recommends ${missing[*]}"
  if [[ $(id -u) != 0 ]]; then
    if sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo true; }; then as_root=(sudo); else apt=no; fi
  fi
  if [[ $apt == no ]]; then
    echo "setup: system packages are missing. Run as root: $by_hand" >&2
    exit 1
  fi
  run packages-list "reading the lists of system packages" "${as_root[@]}" apt-get update
  run packages "installing ${missing[*]}" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    $by_hand
}

step_npm() {
  local key
  key=$(fingerprint package-lock.json)
  fresh node_modules/.setup-stamp "$key" && return 0
  # No package of ours needs its install script, and none of them shall run.
  run npm "installing npm packages" npm ci --ignore-scripts --no-audit --no-fund
  echo "$key" >node_modules/.setup-stamp
}

step_sources() {
  bash scripts/fetch-sources.sh --check && return 0
  run sources "fetching the sources of dlib, FAISS and SQLite" bash scripts/fetch-sources.sh
}

native_inputs() {
  find CMakeLists.txt CMakePresets.json cmake native -type f -printf '%p %T@ %s\n' | sort
}

step_native() {
  local key home tree=build/cmake-release
  home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' $tree/CMakeCache.txt 2>/dev/null || true)
  [[ $home -ef . ]] || rm -rf $tree # the checkout was moved
  key=$(native_inputs | fingerprint)
  fresh $stamps/native "$key" && [[ -f build/Release/countenance.node && -x $tree/convert_dlib ]] &&
    return 0
  run configure "configuring the native build (the first time builds dlib, FAISS and SQLite)" \
    cmake --preset release
  run native "building the addon and the converter" cmake --build --preset release
  echo "$key" >$stamps/native
}

step_models() {
  node scripts/build-models.mjs --check && return 0
  run models "converting the models" node scripts/build-models.mjs
}

step_dist() {
  [[ -f tsup.config.ts ]] || return 0
  local key
  key=$({ cat package-lock.json tsup.config.ts tsconfig.json package.json &&
    find src -type f -printf '%p %T@ %s\n' | sort; } | fingerprint)
  fresh $stamps/dist "$key" && [[ -f dist/index.js && -f build/conversion/tfjs.js ]] &&
    return 0
  run dist "building the TypeScript" npx --no-install tsup
  echo "$key" >$stamps/dist
}

node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null || {
  echo "setup: Node 20.9 or newer is needed, with npm" >&2
  exit 1
}

start=$(now)
for step in "${steps[@]}"; do
  "step_$step"
  if [[ $step == "$until" ]]; then break; fi
done
echo "set up in $(seconds $(($(now) - start)))"
