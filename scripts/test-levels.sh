#!/usr/bin/env bash
# Tests what this machine's CPU cannot show, under qemu-user: the kernels of ARM (NEON), and the
# kernels and the whole addon on an x86-64 CPU that has nothing but the baseline, where any other
# instruction ends the program. The levels that this CPU has are forced by the ordinary tests.
#   scripts/test-levels.sh [neon] [plain]     both by default
# Needs: scripts/setup.sh --cross
set -euo pipefail
cd "$(dirname "$0")/.."

plain_cpu=(qemu-x86_64 -cpu qemu64)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in qemu-x86_64 qemu-aarch64 aarch64-linux-gnu-g++; do
  command -v $tool >/dev/null || {
    echo "test-levels: $tool is missing; run: bash scripts/setup.sh --cross" >&2
    exit 1
  }
done

neon() {
  cmake --preset aarch64 >/dev/null
  cmake --build --preset aarch64
  ctest --preset aarch64
}

# The emulator must notice what a plain CPU lacks, or it proves nothing.
notices() { # name, instruction
  echo "int main() { __asm__ volatile(\"$2\"); }" >"$work/$1.c"
  gcc "$work/$1.c" -o "$work/$1"
  if bash -c '"$@" || exit' _ "${plain_cpu[@]}" "$work/$1" >/dev/null 2>&1; then
    echo "test-levels: the emulated plain CPU ran $2" >&2
    exit 1
  fi
}

plain() {
  notices sse4 'pminud %xmm0, %xmm0'
  notices avx 'vpxor %xmm0, %xmm0, %xmm0'
  notices avx512 'vpxorq %zmm0, %zmm0, %zmm0'

  local test tests=(conv_kernel_test layer_kernels_test network_test resnet_test)
  tests+=(scan_kernels_test row_scan_test)
  cmake --preset release >/dev/null
  cmake --build --preset release --target countenance "${tests[@]}"
  for test in "${tests[@]}"; do
    echo "$test on a plain x86-64 CPU:"
    "${plain_cpu[@]}" "build/cmake-release/$test"
  done

  echo "the addon in Node, on a plain x86-64 CPU and on this one:"
  local node analyze=scripts/analyze-pixels.mjs
  node=$(command -v node)
  "$node" $analyze pixels "$work/pixels"
  "$node" $analyze faces "$work/pixels" >"$work/here.json"
  "${plain_cpu[@]}" "$node" $analyze faces "$work/pixels" >"$work/plain.json"
  "$node" $analyze compare "$work/here.json" "$work/plain.json"
}

(($#)) || set -- neon plain
for part in "$@"; do
  case $part in
    neon | plain) "$part" ;;
    *) echo "usage: scripts/test-levels.sh [neon] [plain]" >&2 && exit 2 ;;
  esac
done
