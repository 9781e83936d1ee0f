#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the page and one CMake preset. Usage: tools/build.sh PRESET [ninja targets…]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?usage: tools/build.sh PRESET [targets…]}
shift

# npm install again only when the lock file changed.
npm_install() {
  local stamp=$1/node_modules/.heliograph-lock
  cmp -s "$1/package-lock.json" "$stamp" && return
  echo "installing npm packages in $1" >&2
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error >&2)
  cp "$1/package-lock.json" "$stamp"
}
npm_install web
if [ ! -e web/dist/index.html ] || [ -n "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit)" ]; then
  echo "building the page" >&2
  (cd web && npm run --silent build >&2)
fi
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" -- "$@"
