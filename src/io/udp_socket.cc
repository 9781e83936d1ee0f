// SPDX-License-Identifier: Apache-2.0
#include "io/udp_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "io/sockaddr.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace heliograph::io {
namespace {

void set_option(int fd, int level, int name, int value) { (void)setsockopt(fd, level, name, &value, sizeof value); }

// The larger buffers need CAP_NET_ADMIN to pass net.core.rmem_max; without it the plain request is clamped by the
// kernel.
void ask_for_buffer(int fd, int name, int forced, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) != 0) set_option(fd, SOL_SOCKET, name, bytes);
}

void set_segment(msghdr& header, std::span<char> control, uint16_t segment) {
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(sizeof segment);
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_UDP;
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN(sizeof segment);
  std::memcpy(CMSG_DATA(c), &segment, sizeof segment);
}

// The size of the datagrams in a GRO train; the whole size when it is not one.
size_t gro_segment(msghdr header, size_t size) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
    int segment = 0;
    std::memcpy(&segment, CMSG_DATA(c), sizeof segment);
    if (segment > 0) return static_cast<size_t>(segment);
  }
  return size;
}

}  // namespace

std::expected<UdpSocket, base::Trouble> UdpSocket::bind(const base::SocketAddress& local) {
  const int family = local.ip.is_v4() ? AF_INET : AF_INET6;
  FileDescriptor fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return std::unexpected(system_trouble("udp socket"));
  if (family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  ask_for_buffer(fd.get(), SO_RCVBUF, SO_RCVBUFFORCE, kBufferBytes);
  ask_for_buffer(fd.get(), SO_SNDBUF, SO_SNDBUFFORCE, kBufferBytes);
  set_option(fd.get(), SOL_UDP, UDP_GRO, 1);
  sockaddr_storage storage{};
  socklen_t length = to_sockaddr(local, storage);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0)
    return std::unexpected(system_trouble("udp " + local.to_string()));
  length = sizeof storage;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return std::unexpected(system_trouble("udp " + local.to_string()));
  const auto bound = from_sockaddr(reinterpret_cast<const sockaddr&>(storage));
  return UdpSocket(std::move(fd), bound.value_or(local));
}

void UdpSocket::send(const base::SendBatch& batch, uint8_t index, UdpCounters& counters) {
  auto rest = batch.messages();
  while (!rest.empty()) rest = rest.subspan(send_some(rest, batch.block(), index, counters));
}

// Takes messages from the front, sends those of this socket in one sendmmsg, and returns how many it is done with.
size_t UdpSocket::send_some(std::span<const base::SendBatch::Message> messages, const uint8_t* block, uint8_t index,
                            UdpCounters& counters) {
  constexpr size_t kBatch = 64;
  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
  };
  std::array<mmsghdr, kBatch> headers;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_storage, kBatch> addresses;
  std::array<Control, kBatch> controls;
  std::array<const base::SendBatch::Message*, kBatch> batched;
  size_t taken = 0;
  unsigned count = 0;
  for (; taken < messages.size() && count < kBatch; ++taken) {
    const auto& m = messages[taken];
    if (m.path.socket != index) continue;
    auto& header = headers[count].msg_hdr;
    header = {};
    vectors[count] = {const_cast<uint8_t*>(block + m.offset), m.size};
    header.msg_iov = &vectors[count];
    header.msg_iovlen = 1;
    header.msg_name = &addresses[count];
    header.msg_namelen = to_sockaddr(m.path.remote, addresses[count]);
    if (m.segments > 1) set_segment(header, controls[count].bytes, m.segment);
    batched[count++] = &m;
  }
  unsigned done = 0;
  while (done < count) {
    const int sent = sendmmsg(fd_.get(), &headers[done], count - done, 0);
    ++counters.send_calls;
    if (sent < 0 && errno == EINTR) continue;
    // sendmmsg reports an error only for the first message left: that one is dealt with, the others are tried.
    if (sent <= 0) refused(*batched[done++], block, errno, counters);
    for (int i = 0; i < sent; ++i) counters.sent += batched[done++]->segments;
  }
  return taken;
}

// The kernel cuts no datagram of a UDP_SEGMENT message into IP fragments: where one is larger than the path takes, each
// is sent by itself. Anything else (no buffer, no route) is a loss.
void UdpSocket::refused(const base::SendBatch::Message& message, const uint8_t* block, int error,
                        UdpCounters& counters) {
  const bool too_large = error == EMSGSIZE || error == EINVAL;
  if (message.segments == 1 || !too_large) {
    counters.send_failed += message.segments;
    return;
  }
  sockaddr_storage address{};
  const socklen_t length = to_sockaddr(message.path.remote, address);
  for (size_t at = 0; at < message.size; at += message.segment) {
    const size_t size = std::min<size_t>(message.segment, message.size - at);
    ++counters.send_calls;
    const ssize_t sent =
        sendto(fd_.get(), block + message.offset + at, size, 0, reinterpret_cast<const sockaddr*>(&address), length);
    sent < 0 ? ++counters.send_failed : ++counters.sent;
  }
}

struct Receiver::Headers {
  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(int))];
  };
  std::array<mmsghdr, kMessages> headers;
  std::array<iovec, kMessages> vectors;
  std::array<sockaddr_storage, kMessages> addresses;
  std::array<Control, kMessages> controls;
};

Receiver::Receiver()
    : buffers_(std::make_unique_for_overwrite<uint8_t[]>(kMessages * kMessageBytes)), headers_(new Headers) {
  batch_.reserve(kMessages * 64);
  for (size_t i = 0; i < kMessages; ++i) prepare(i);
}

Receiver::~Receiver() = default;

// For a message to come: the kernel writes over what it was told of the one before.
void Receiver::prepare(size_t i) {
  headers_->vectors[i] = {buffers_.get() + i * kMessageBytes, kMessageBytes};
  auto& header = headers_->headers[i].msg_hdr;
  header = {};
  header.msg_name = &headers_->addresses[i];
  header.msg_namelen = sizeof(sockaddr_storage);
  header.msg_iov = &headers_->vectors[i];
  header.msg_iovlen = 1;
  header.msg_control = headers_->controls[i].bytes;
  header.msg_controllen = sizeof headers_->controls[i].bytes;
}

std::span<base::Datagram> Receiver::receive(UdpSocket& socket, uint8_t index, UdpCounters& counters) {
  batch_.clear();
  const int count = recvmmsg(socket.fd(), headers_->headers.data(), kMessages, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto [header, size] = headers_->headers[i];
    prepare(static_cast<size_t>(i));
    const auto from = from_sockaddr(reinterpret_cast<const sockaddr&>(headers_->addresses[i]));
    if (!from || size == 0 || (header.msg_flags & MSG_TRUNC) != 0) continue;
    const size_t segment = gro_segment(header, size);
    for (size_t at = 0; at < size; at += segment) {
      const size_t length = std::min(segment, size - at);
      batch_.push_back({{*from, index}, {buffers_.get() + static_cast<size_t>(i) * kMessageBytes + at, length}});
    }
  }
  counters.received += batch_.size();
  return batch_;
}

}  // namespace heliograph::io
