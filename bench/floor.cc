// SPDX-License-Identifier: Apache-2.0
// What forwarding cannot cost less than: for each viewer, encrypt a frame's packets and send them as one UDP_SEGMENT
// message, audio one by one. No RTP in, no choice, no history: the rest of a server is what it costs above this.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/datagrams.h"
#include "crypto/random.h"
#include "io/clock.h"
#include "io/udp_socket.h"
#include "load/h264.h"
#include "load/outbound.h"
#include "srtp/protector.h"

namespace {

using namespace heliograph;  // NOLINT

constexpr size_t kHeaderSize = 24;  // as a viewer's packets have: twelve bytes, and two extensions in three words

struct Options {
  int viewers = 200;
  double seconds = 10;
  int64_t bitrate = 2'500'000;
  double fps = 30;
  std::optional<int> cpu;
  std::optional<int> sink_cpu;
};

void pin_this_thread(std::optional<int> cpu) {
  if (!cpu) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(*cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fmt::print(stderr, "heliograph-floor: there is no CPU {}\n", *cpu);
}

// The viewers' ends: a socket each, read as clients would.
class Sink {
 public:
  explicit Sink(int viewers) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (int i = 0; i < viewers; ++i) {
      auto socket = io::UdpSocket::bind({base::IpAddress::v4(0x7f000001), 0});
      CHECK(socket.has_value());
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u32 = static_cast<uint32_t>(i);
      CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket->fd(), &event) == 0);
      sockets_.push_back(std::move(*socket));
    }
  }
  base::SocketAddress address(size_t i) const { return sockets_[i].local(); }
  void run(const std::atomic<bool>& stopping) {
    io::Receiver receiver;
    std::vector<epoll_event> events(64);
    while (!stopping) {
      const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 20);
      for (int i = 0; i < count; ++i) receiver.receive(sockets_[events[i].data.u32], 0, counters_);
    }
  }
  const io::UdpCounters& counters() const { return counters_; }

 private:
  io::FileDescriptor epoll_;
  std::vector<io::UdpSocket> sockets_;
  io::UdpCounters counters_;
};

struct Viewer {
  base::Path path;
  srtp::Protector protector;
};

crypto::SrtpMasterKey random_key() {
  crypto::SrtpMasterKey key;
  crypto::random_bytes(key.key);
  crypto::random_bytes(key.salt);
  return key;
}

base::Duration thread_cpu() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto us = [](const timeval& t) { return t.tv_sec * 1'000'000 + t.tv_usec; };
  return base::Duration::micros(us(usage.ru_utime) + us(usage.ru_stime));
}

class Floor {
 public:
  Floor(const Options& options, const Sink& sink)
      : sizes_(base::DataRate::bps(options.bitrate), options.fps, 1), payload_(load::kMaxPayload, 0x5a) {
    auto socket = io::UdpSocket::bind({base::IpAddress::v4(0x7f000001), 0});
    CHECK(socket.has_value());
    socket_.emplace(std::move(*socket));
    for (int i = 0; i < options.viewers; ++i)
      viewers_.push_back({{sink.address(static_cast<size_t>(i)), 0},
                          srtp::Protector(crypto::SrtpProfile::kAeadAes128Gcm, random_key())});
  }

  void send_frame() {
    const size_t size = sizes_.next(false);
    const size_t packets = load::split_about_equally(size, load::kMaxPayload).size();
    send(packets, (size + packets - 1) / packets);
  }
  void send_audio() { send(1, load::Outbound::kOpusBytes); }
  const io::UdpCounters& counters() const { return counters_; }

 private:
  void send(size_t packets, size_t payload) {
    std::array<uint8_t, kHeaderSize> header{0x80};
    for (auto& viewer : viewers_)
      for (size_t i = 0; i < packets; ++i) {
        base::store_be(&header[2], static_cast<uint16_t>(index_ + i));
        uint8_t* to = out_.reserve();
        out_.commit(viewer.path, viewer.protector.protect_rtp(header, {}, base::ConstBytes(payload_).first(payload),
                                                              index_ + i, to));
      }
    index_ += packets;
    out_.flush();
  }
  static void drain(void* context, const base::SendBatch& batch) {
    auto& self = *static_cast<Floor*>(context);
    self.socket_->send(batch, 0, self.counters_);
  }

  load::FrameSizes sizes_;
  std::vector<uint8_t> payload_;
  std::optional<io::UdpSocket> socket_;
  std::vector<Viewer> viewers_;
  uint64_t index_ = 1;
  base::SendBatch out_{&Floor::drain, this};
  io::UdpCounters counters_;
};

void sleep_until(base::Timestamp when) {
  const auto left = when - io::now();
  if (left.us() > 0) std::this_thread::sleep_for(std::chrono::microseconds(left.us()));
}

// At the pace of media: a floor that is measured flat out has warmer caches than any server at work.
void send_for(Floor& floor, const Options& options) {
  const auto end = io::now() + base::Duration::from_seconds(options.seconds);
  const auto frame_interval = base::Duration::from_seconds(1 / options.fps);
  auto next_frame = io::now();
  auto next_audio = next_frame + base::Duration::millis(7);
  while (next_frame < end) {
    sleep_until(std::min(next_frame, next_audio));
    const auto now = io::now();
    if (now >= next_frame) {
      floor.send_frame();
      next_frame = next_frame + frame_interval;
    }
    if (now >= next_audio) {
      floor.send_audio();
      next_audio = next_audio + base::Duration::millis(20);
    }
  }
}

void describe(CLI::App& app, Options& o) {
  app.add_option("--viewers", o.viewers, "to how many")->capture_default_str()->check(CLI::Range(1, 20'000));
  app.add_option("--seconds", o.seconds, "for how long")->capture_default_str()->check(CLI::Range(0.1, 3600.0));
  app.add_option("--video-bitrate", o.bitrate, "bits a second")->capture_default_str();
  app.add_option("--fps", o.fps, "frames a second")->capture_default_str()->check(CLI::Range(1.0, 240.0));
  app.add_option("--pin", o.cpu, "CPU that encrypts and sends");
  app.add_option("--sink-pin", o.sink_cpu, "CPU that receives");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Encrypts (AES-128-GCM) and sends one video and one audio stream to many; prints CPU us a packet.",
               "heliograph-floor"};
  describe(app, options);
  CLI11_PARSE(app, argc, argv);
  Sink sink(options.viewers);
  std::atomic<bool> stopping = false;
  std::thread receiving([&] {
    pin_this_thread(options.sink_cpu);
    sink.run(stopping);
  });
  pin_this_thread(options.cpu);
  Floor floor(options, sink);
  const auto before = thread_cpu();
  send_for(floor, options);
  const auto cpu = thread_cpu() - before;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  stopping = true;
  receiving.join();
  const auto& c = floor.counters();
  fmt::print("floor {:.2f} us a packet: {} packets to {} viewers, {} not sent, {} received\n",
             static_cast<double>(cpu.us()) / static_cast<double>(std::max<uint64_t>(c.sent, 1)), c.sent,
             options.viewers, c.send_failed, sink.counters().received);
  return c.sent == 0 ? 1 : 0;
}
