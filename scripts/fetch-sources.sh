#!/usr/bin/env bash
# Fetches the pinned sources of dlib, FAISS and SQLite and dlib's two official models into
# third_party/ (ignored by git), from the Debian mirror that this system already uses. apt gets its
# own lists and cache there: the system's sources stay as they are. Every file is checked against
# native/third_party/sources.sha256; what is there with the right hash is not fetched again.
#   scripts/fetch-sources.sh [--check]
# --check only says, by its exit status, whether all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

# Where the pinned versions live. A point release of Debian may bring a newer package of the same
# version; it still holds the pinned files, as it only adds patches.
suite=bookworm
models_archive=dlib_19.24+dfsg.orig-dlib-models.tar.bz2
models=(
  "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30  dlib_face_recognition_resnet_model_v1.dat"
  "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888  shape_predictor_5_face_landmarks.dat"
)
pins=native/third_party/sources.sha256
base=$PWD/third_party
downloads=$base/downloads
src=$base/src

fail() {
  echo "fetch-sources: $*" >&2
  exit 1
}

have_models() {
  printf '%s\n' "${models[@]}" | (cd "$base/models" && sha256sum --check --status 2>/dev/null)
}

# The pinned file $1 is downloaded and has its hash.
have() {
  grep -F "  $1" "$pins" | (cd "$downloads" && sha256sum --check --status 2>/dev/null)
}

# The pinned files that are not there.
missing_files() {
  local _ file
  while read -r _ file; do
    if [[ $file == "$models_archive" ]] && have_models; then continue; fi
    have "$file" || echo "$file"
  done <"$pins"
}

# apt-get with private lists, cache and sources.
private_apt() {
  local apt=$base/apt options=()
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  options=(
    -o "Dir::Etc::sourcelist=$apt/sources.list"
    -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$apt/lists"
    -o "Dir::Cache=$apt/cache"
    -o Acquire::Languages=none
    -o Acquire::Retries=3
    -o APT::Get::List-Cleanup=false
  )
  # As root apt would fetch as user _apt, who may not write here.
  if [[ $(id -u) == 0 ]]; then options+=(-o APT::Sandbox::User=root); fi
  apt-get "${options[@]}" "$@"
}

# A mirror of Debian that this system uses. apt knows a label only after an update; without one,
# the name of the system's own suite has to do.
debian_mirror() {
  local uri suite component label codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  {
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT) $(LABEL)' \
      'Created-By: Packages'
    apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
      'Created-By: Packages' "Release: $codename"
  } | while read -r uri suite component label; do
    if [[ $component == main && $suite != *-* && ${label:-Debian} == Debian ]]; then
      echo "$uri"
    fi
  done | sed -n 1p
}

write_sources_list() {
  local id mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=""
  id=$(. /etc/os-release && echo "$ID")
  [[ $id == debian ]] || fail "supported is Debian 12 or newer; this is $id. Or put the files of" \
    "Debian's source packages dlib, faiss and sqlite3 of $suite into third_party/downloads"
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || fail "apt knows no Debian mirror: add Debian's main archive to /etc/apt"
  if [[ -f $keyring ]]; then signed="[signed-by=$keyring] "; fi
  mkdir -p "$base/apt"
  echo "deb-src $signed$mirror $suite main" >"$base/apt/sources.list"
}

# Debian's patches for SQLite, out of the newest of its packages here.
unpack_patches() {
  local newest
  newest=$(find "$downloads" -name 'sqlite3_3.40.1-*.debian.tar.xz' | sort -V | tail -n 1)
  [[ -n $newest ]] || return 0
  rm -rf "$downloads/sqlite3-patches"
  mkdir -p "$downloads/sqlite3-patches"
  tar -xf "$newest" -C "$downloads/sqlite3-patches" --strip-components=2 debian/patches ||
    rm "$newest" # damaged: fetched again
}

download() {
  local packages
  unpack_patches
  mapfile -t packages < <(missing_files | sed 's/[_-].*//' | sort -u)
  ((${#packages[@]})) || return 0
  write_sources_list
  private_apt update || fail "the mirror's list of sources could not be read"
  echo "downloading ${packages[*]}"
  (cd "$downloads" && private_apt source --download-only --only-source "${packages[@]}") ||
    fail "${packages[*]} could not be downloaded from the mirror"
  rm -rf "$base/apt"
  unpack_patches
}

# Unpacks archive $1 into folder $2 without its first level.
unpack() {
  rm -rf "$2"
  mkdir -p "$2"
  echo "unpacking $1"
  tar -xf "$downloads/$1" -C "$2" --strip-components=1
}

unpack_models() {
  have_models && return 0
  local scratch=$base/models.tmp
  echo "unpacking the two models out of $models_archive"
  rm -rf "$scratch"
  mkdir -p "$scratch"
  tar -xf "$downloads/$models_archive" -C "$scratch" --strip-components=1 \
    --wildcards "*/dlib_face_recognition_resnet_model_v1.dat" "*/shape_predictor_5_face_landmarks.dat"
  rm -rf "$base/models"
  mv "$scratch" "$base/models"
  have_models || fail "$models_archive does not hold the expected models"
}

apply_patches() {
  local _ file
  while read -r _ file; do
    [[ $file == sqlite3-patches/* ]] || continue
    patch -d "$src/sqlite3" -p1 --silent <"$downloads/$file" || fail "$file does not apply"
  done <"$pins"
}

key=$(cat "$pins" scripts/fetch-sources.sh | sha256sum)
if [[ -f $src/complete && $(<"$src/complete") == "$key" ]] && have_models; then
  exit 0
fi
if [[ ${1:-} == --check ]]; then exit 1; fi
mkdir -p "$downloads" "$src" "$base/models"
rm -f "$src/complete"
download
missing=$(missing_files | sed -n 1p)
[[ -z $missing ]] || fail "third_party/downloads/$missing is missing or not the pinned one." \
  "If Debian $suite has changed its package, review the new file and pin its sha256 in $pins"
unpack_models
unpack dlib_19.24+dfsg.orig.tar.bz2 "$src/dlib"
unpack faiss_1.7.3.orig.tar.gz "$src/faiss"
unpack sqlite3_3.40.1.orig.tar.xz "$src/sqlite3"
apply_patches
rm -f "$downloads/$models_archive" # 200 MB, of which two files were needed
echo "$key" >"$src/complete"
