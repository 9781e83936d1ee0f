#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of tools/packages.txt. Usage: tools/setup.sh build|test
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:?usage: tools/setup.sh build|test}
arch=$(dpkg --print-architecture 2>/dev/null || echo unknown)

# The names in one [section] of packages.txt.
section() { awk -v s="[$1]" '/^\[/ {on = ($0 == s); next} on && !/^#/ && NF' tools/packages.txt; }

packages=$(section build; section "build $arch")
[ "$want" = test ] && packages+=$'\n'$(section test)

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
missing=()
for p in $packages; do
  # A node that is there already, and new enough, serves as well as Debian's.
  case $p in nodejs | npm) command -v "${p/nodejs/node}" >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ] && continue ;; esac
  installed "$p" || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "heliograph is built on Debian 12; these packages are missing and there is no apt-get: ${missing[*]}" >&2
  exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "run this as root, or install: ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi
echo "installing ${#missing[@]} Debian packages: ${missing[*]}" >&2
"${sudo[@]}" apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
