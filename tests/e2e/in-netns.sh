#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command in a network of its own: loopback, and an interface with 10.99.0.1 and fd99::1 that has the default
# route. Firefox gathers no candidates on loopback, so browsers and server meet on that address. The network, and every
# process started in it, is gone when the command ends.
#
#   in-netns.sh COMMAND [ARGUMENT…]
#
# Needs root, or a kernel that lets anyone make user namespaces. Exits 77 where neither is so.
set -eu

user=
[ "$(id -u)" = 0 ] || user=--map-root-user

isolate() {
  # $user is one option or none.
  # shellcheck disable=SC2086
  unshare $user --net --pid --fork --kill-child --mount-proc "$@"
}

if ! isolate ip link add e2e0 type veth peer name e2e1 2>/dev/null; then
  echo "in-netns.sh: this user cannot make a network namespace with a veth pair (be root)" >&2
  exit 77
fi

# shellcheck disable=SC2086
exec unshare $user --net --pid --fork --kill-child --mount-proc sh -euc '
  ip link set lo up
  ip link add e2e0 type veth peer name e2e1
  ip address add 10.99.0.1/24 dev e2e0
  ip -6 address add fd99::1/64 dev e2e0 nodad
  ip link set e2e0 up
  ip link set e2e1 up
  ip route add default via 10.99.0.254 dev e2e0
  export HELIOGRAPH_E2E_NETWORK=1
  "$@"
' in-netns "$@"
