#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs fuzz targets under libFuzzer, ASan and UBSan, two at a time. Usage: tools/fuzz.sh [SECONDS] [TARGET…]
# What is found lands in build/fuzz/findings; the corpus grows in build/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}
[ $# -gt 0 ] && shift
tools/setup.sh test
targets=("$@")
[ ${#targets[@]} -gt 0 ] || for f in fuzz/*_fuzz.cc; do targets+=("$(basename "$f" .cc)"); done
tools/build.sh fuzz "${targets[@]}" >&2
mkdir -p build/fuzz/findings

one() {
  local subject=${1%_fuzz} grown=build/fuzz/corpus/${1%_fuzz} seeds=fuzz/corpus/${1%_fuzz}
  mkdir -p "$grown"
  [ -d "$seeds" ] || seeds=
  local words=
  case $subject in control | signal_*) words=-dict=fuzz/signals.dict ;; esac
  if "build/fuzz/fuzz/$1" -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/findings/"$subject"- $words "$grown" $seeds >"build/fuzz/$1.log" 2>&1; then
    echo "$1: $(grep -o 'number_of_executed_units: *[0-9]*' "build/fuzz/$1.log" | grep -o '[0-9]*$') runs in $seconds s, nothing found"
  else
    echo "$1: FOUND SOMETHING, see build/fuzz/$1.log"
    return 1
  fi
}
export -f one
export seconds
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'one {}'
