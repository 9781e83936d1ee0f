// SPDX-License-Identifier: Apache-2.0
#include "load/link.h"

#include <algorithm>
#include <array>
#include <vector>

namespace heliograph::load {

std::expected<Link, base::Trouble> Link::open(const LocalEnd& local, const RemoteEnd& remote, uint64_t seed,
                                              base::Timestamp now, Network& network) {
  const bool v4 = remote.candidates.front().ip.is_v4();
  const auto any = v4 ? base::IpAddress::v4(0) : base::IpAddress::v6(std::array<uint8_t, 16>{});
  auto socket = io::UdpSocket::bind({any, 0});
  if (!socket) return std::unexpected(socket.error());
  Receiver::prepare(socket->fd());
  std::vector<base::SocketAddress> reachable;
  std::ranges::copy_if(remote.candidates, std::back_inserter(reachable),
                       [&](const auto& candidate) { return candidate.ip.is_v4() == v4; });
  network.begin(*socket);
  transport::Peer peer(network.dtls, {local.ice, remote.transport, std::move(reachable), seed}, now);
  Link link(std::move(*socket), std::move(peer));
  link.on_time(now, network);
  return link;
}

void Link::on_time(base::Timestamp now, Network& network) {
  if (now < peer_.next_time()) return;
  network.begin(socket_);
  peer_.on_time(now, network.out, network.scratch);
  network.flush();
}

void Link::close(base::Timestamp now, Network& network) {
  network.begin(socket_);
  peer_.close(now, network.out, network.scratch);
  network.flush();
}

}  // namespace heliograph::load
