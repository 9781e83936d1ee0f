#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/churn.sh [minutes] [options of heliograph-churn]: people who come and go before the real control plane and real shards
# for so many minutes of virtual time (60), and whether the server's memory stays flat. Ends with 0 if it does.
set -eu
cd "$(dirname "$0")/.."
minutes=${1:-60}
[ $# -eq 0 ] || shift
cmake --preset release >/dev/null
ninja -C build/release heliograph-churn
exec build/release/heliograph-churn --minutes "$minutes" "$@"
