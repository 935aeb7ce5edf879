#!/usr/bin/env bash
# Fetches the pinned sources of dlib, FAISS and SQLite and dlib's two official models into
# third_party/ (ignored by git), from the Debian mirror that this system already uses. apt gets its
# own lists and cache there: the system's sources stay as they are. Every file is checked against
# native/third_party/sources.sha256; what is there with the right hash is not fetched again.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=bookworm # where the pinned versions live
versions=(dlib=19.24+dfsg-1 faiss=1.7.3-2 sqlite3=3.40.1-2+deb12u2)
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

# The packages of which a pinned file is missing.
missing_packages() {
  local hash file version
  while read -r hash file; do
    if [[ $file == "$models_archive" ]] && have_models; then continue; fi
    have "$file" && continue
    for version in "${versions[@]}"; do
      [[ $file == "${version%%=*}"_* ]] && echo "$version"
    done
  done <"$pins" | sort -u
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

write_sources_list() {
  local uri release component mirror="" keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  local codename signed=""
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  while read -r uri release component; do
    if [[ $release == "$codename" && $component == main ]]; then
      mirror=$uri
      break
    fi
  done < <(apt-get indextargets --no-release-info \
    --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages')
  [[ -n $mirror ]] || fail "apt knows no Debian mirror: add Debian's main archive to /etc/apt"
  if [[ -f $keyring ]]; then signed="[signed-by=$keyring] "; fi
  mkdir -p "$base/apt"
  echo "deb-src $signed$mirror $suite main" >"$base/apt/sources.list"
}

download() {
  local packages
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  write_sources_list
  private_apt update || fail "the mirror's list of sources could not be read"
  for package in "${packages[@]}"; do
    echo "downloading $package"
    (cd "$downloads" && private_apt source --download-only "$package") ||
      fail "$package could not be downloaded from the mirror"
  done
  rm -rf "$base/apt"
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

apply_debian_patches() {
  local patch
  tar -xf "$downloads/sqlite3_3.40.1-2+deb12u2.debian.tar.xz" -C "$src/sqlite3"
  while read -r patch; do
    [[ -z $patch || $patch == \#* ]] && continue
    patch -d "$src/sqlite3" -p1 --silent <"$src/sqlite3/debian/patches/$patch" ||
      fail "$patch does not apply to SQLite"
  done <"$src/sqlite3/debian/patches/series"
}

key=$(cat "$pins" scripts/fetch-sources.sh | sha256sum)
if [[ -f $src/complete && $(<"$src/complete") == "$key" ]] && have_models; then
  exit 0
fi
mkdir -p "$downloads" "$src" "$base/models"
rm -f "$src/complete"
download
while read -r _ file; do
  if [[ $file == "$models_archive" ]] && have_models; then continue; fi
  have "$file" || fail "$file has not the pinned sha256: delete third_party/downloads/$file and run again"
done <"$pins"
unpack_models
unpack dlib_19.24+dfsg.orig.tar.bz2 "$src/dlib"
unpack faiss_1.7.3.orig.tar.gz "$src/faiss"
unpack sqlite3_3.40.1.orig.tar.xz "$src/sqlite3"
apply_debian_patches
rm -f "$downloads/$models_archive" # 200 MB, of which two files were needed
echo "$key" >"$src/complete"
