#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command in a network of its own: loopback, and an interface with 10.99.0.1 and fd99::1 that has the default
# route. Firefox gathers no candidates on loopback, so browsers and server meet on that address. The network, and every
# process started in it, is gone when the command ends.
#
#   in-netns.sh COMMAND [ARGUMENT…]
#
# Needs root, or a kernel that lets anyone make user namespaces; where it cannot be had, unshare or ip says why.
set -eu

if [ "${1:-}" = --inside ]; then
  shift
  ip link set lo up
  ip link add e2e0 type veth peer name e2e1
  # No link-local addresses: they come up a second or two later, and a browser that sees the network change drops what it
  # is loading (net::ERR_NETWORK_CHANGED).
  for interface in e2e0 e2e1; do ip link set "$interface" addrgenmode none 2>/dev/null || true; done
  ip address add 10.99.0.1/24 dev e2e0
  ip -6 address add fd99::1/64 dev e2e0 nodad 2>/dev/null || true # a kernel without IPv6 will do
  ip link set e2e0 up
  ip link set e2e1 up
  ip route add default via 10.99.0.254 dev e2e0
  export HELIOGRAPH_E2E_NETWORK=1
  "$@" # no exec: this shell is process 1 here and reaps what browsers leave
  exit
fi

set -- --net --pid --fork --kill-child --mount-proc "$0" --inside "$@"
[ "$(id -u)" = 0 ] || set -- --map-root-user "$@"
exec unshare "$@"
