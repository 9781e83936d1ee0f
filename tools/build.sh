#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the page and one CMake preset. Usage: tools/build.sh PRESET [-DOPTION=VALUE…] [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?usage: tools/build.sh PRESET [-DOPTION=VALUE…] [TARGET…]}
shift
options=()
while [[ ${1:-} == -D* ]]; do
  options+=("$1")
  shift
done

tools/npm_install.sh web
newer() { find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit; }
if [ ! -e web/dist/index.html ] || [ -n "$(newer)" ]; then
  echo "building the page" >&2
  (cd web && npm run --silent build >&2)
fi
cmake --preset "$preset" "${options[@]}" >/dev/null
cmake --build --preset "$preset" -- "$@"
