// SPDX-License-Identifier: Apache-2.0
#include "load/receiver.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "io/sockaddr.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace heliograph::load {
namespace {

struct alignas(cmsghdr) Control {
  char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec))];
};

}  // namespace

struct Receiver::Headers {
  std::array<mmsghdr, kMessages> headers{};
  std::array<iovec, kMessages> vectors;
  std::array<sockaddr_storage, kMessages> addresses;
  std::array<Control, kMessages> controls;
};

Receiver::Receiver()
    : buffers_(std::make_unique_for_overwrite<uint8_t[]>(kMessages * kMessageBytes)), headers_(new Headers) {
  for (size_t i = 0; i < kMessages; ++i) {
    headers_->vectors[i] = {buffers_.get() + i * kMessageBytes, kMessageBytes};
    auto& header = headers_->headers[i].msg_hdr;
    header.msg_name = &headers_->addresses[i];
    header.msg_iov = &headers_->vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = headers_->controls[i].bytes;
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_controllen = sizeof(Control);
  }
}

Receiver::~Receiver() = default;

void Receiver::prepare(int fd) {
  const int on = 1;
  (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

size_t Receiver::receive_some(int fd) {
  const int count = recvmmsg(fd, headers_->headers.data(), kMessages, MSG_DONTWAIT, nullptr);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

// Reads one header, and makes it ready for the next call.
Receiver::Message Receiver::message(size_t i, base::Timestamp now) {
  auto& [header, size] = headers_->headers[i];
  Message message{.from = {}, .bytes = {}, .segment = size, .came = now};
  const auto from = io::from_sockaddr(reinterpret_cast<const sockaddr&>(headers_->addresses[i]));
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(c), sizeof segment);
      if (segment > 0) message.segment = static_cast<size_t>(segment);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      timespec wall{};
      std::memcpy(&wall, CMSG_DATA(c), sizeof wall);
      const auto came =
          base::Timestamp::from_micros(int64_t{wall.tv_sec} * 1'000'000 + wall.tv_nsec / 1000 - wall_offset_us_);
      message.came = std::min(came, now);
    }
  }
  const bool whole = (header.msg_flags & MSG_TRUNC) == 0;
  if (from && whole) {
    message.from = {*from, 0};
    message.bytes = {buffers_.get() + i * kMessageBytes, size};
  }
  header.msg_namelen = sizeof(sockaddr_storage);
  header.msg_controllen = sizeof(Control);
  return message;
}

}  // namespace heliograph::load
