#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# npm ci in a folder, when its lock file has changed since the last time. Usage: tools/npm_install.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../${1:?usage: tools/npm_install.sh FOLDER}"
stamp=node_modules/.heliograph-lock
cmp -s package-lock.json "$stamp" && exit 0
echo "installing npm packages in $1" >&2
npm ci --no-audit --no-fund --loglevel=error >&2
cp package-lock.json "$stamp"
