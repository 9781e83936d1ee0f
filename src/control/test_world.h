// SPDX-License-Identifier: Apache-2.0
// For tests and the fuzz target: a control plane with connections that may be open or not, a clock that jumps, and the
// words of clients.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "control/control.h"

namespace heliograph::control {

inline Config test_config() {
  Config config;
  for (uint16_t shard = 0; shard < 2; ++shard)
    config.shards.push_back({*base::SocketAddress::parse("192.0.2.1:" + std::to_string(40'000 + shard))});
  config.fingerprint = {.algorithm = "sha-256", .value = std::vector<uint8_t>(32, 0xab)};
  config.open_mode = true;
  config.entropy = [n = uint64_t{0}](base::Bytes out) mutable {
    for (auto& byte : out) byte = static_cast<uint8_t>((++n * 0x9e3779b97f4a7c15) >> 56);
  };
  return config;
}

// A session as a client writes it.
struct Who {
  std::string user;
  std::string session = "s";
  std::string ch = "m2m";
  std::string rid = "r";

  std::string ss() const {
    return R"({"userId":")" + user + R"(","sessionId":")" + session +
           R"(","category":"stream","host":"Web","deviceId":"d"})";
  }
  std::string to() const { return R"("to":{"userId":")" + user + R"(","sessionId":")" + session + R"("})"; }
};

inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '"' ? "\\\"" : std::string(1, c);
  return out;
}
inline std::string sdp_field(std::string_view sdp) { return R"("sdp":")" + escaped(sdp) + "\""; }

// A whole message; `rest` are further fields of data.
inline std::string say(const std::string& action, const std::string& s, const Who& who, const std::string& rest = {}) {
  return R"({"action":")" + action + R"(","data":{"s":")" + s + R"(","ch":")" + who.ch + R"(","ss":)" + who.ss() +
         R"(,"rid":")" + who.rid + "\"" + (rest.empty() ? "" : "," + rest) + "}}";
}

// A viewer's answer to an offer of ours: it takes every line, or rejects those of `refused` kinds.
inline std::string viewer_answer(std::string_view offer, const std::set<std::string>& refused = {}) {
  std::string answer;
  for (size_t start = 0; start < offer.size();) {
    const auto end = std::min(offer.find("\r\n", start), offer.size());
    std::string line(offer.substr(start, end - start));
    start = end + 2;
    if (line.starts_with("a=candidate") || line.starts_with("a=ssrc") || line.starts_with("a=msid") ||
        line == "a=end-of-candidates" || line == "a=ice-lite")
      continue;
    if (line == "a=sendonly") line = "a=recvonly";
    if (line == "a=setup:actpass") line = "a=setup:active";
    if (line.starts_with("a=ice-ufrag:")) line = "a=ice-ufrag:view";
    if (line.starts_with("a=ice-pwd:")) line = "a=ice-pwd:viewerviewerviewerviewer";
    if (line.starts_with("m=")) {
      const auto kind = line.substr(2, line.find(' ') - 2);
      if (refused.contains(kind)) line.replace(line.find(' ') + 1, line.find(' ', 8) - line.find(' ') - 1, "0");
    }
    answer += line + "\r\n";
  }
  return answer;
}

class TestWorld {
 public:
  explicit TestWorld(Config config = test_config()) : control(std::move(config)) {}

  void open(ConnectionId connection, Identity identity = {}, base::IpAddress address = {}) {
    open_.insert(connection);
    step([&](Out& out) { control.connected(now, connection, std::move(identity), address, out); });
  }
  void close(ConnectionId connection) {
    open_.erase(connection);
    step([&](Out& out) { control.disconnected(now, connection, out); });
  }
  // What the connection hears because of it; what it heard before is forgotten.
  std::vector<std::string> tell(ConnectionId connection, std::string_view text) {
    inbox_[connection].clear();
    step([&](Out& out) { control.receive(now, connection, text, out); });
    return heard(connection);
  }
  void event(const plan::Event& event) {
    step([&](Out& out) { control.on_event(now, event, out); });
  }
  // A stream that waits and is over: the packager needs no telling.
  void on_hls(const plan::HlsChanged& changed) {
    if (changed.state == plan::HlsState::kEnded || changed.state == plan::HlsState::kFailed)
      waiting.erase(changed.stream);
    step([&](Out& out) { control.on_hls(now, changed, out); });
  }
  // Whatever else calls into the control plane: `call` gets an Out.
  template <class Call>
  void act(Call call) {
    step(call);
  }
  void drain() {
    step([&](Out& out) { control.begin_drain(now, out); });
  }
  // What somebody else calls, such as Admin: `call` takes the Out.
  template <class Call>
  void operate(Call call) {
    step(call);
  }
  // Lets time pass, stopping at every deadline.
  void pass(base::Duration span) {
    const auto end = now + span;
    while (control.next_time() <= end) {
      now = std::max(now, control.next_time());
      step([&](Out& out) { control.on_time(now, out); });
    }
    now = end;
  }
  // All that was sent to it since the last look.
  std::vector<std::string> heard(ConnectionId connection) { return std::exchange(inbox_[connection], {}); }
  void forget() { inbox_.clear(), forget_commands(); }
  void forget_commands() { commands.clear(), hls.clear(); }

  Control control;
  base::Timestamp now = base::Timestamp::from_micros(1'000'000'000);
  std::vector<plan::Command> commands;  // all of them since the last forget()
  std::vector<plan::HlsCommand> hls;    // the same
  std::map<ConnectionId, uint16_t> closed;

  // What the shards know from Commands alone, to hold against what control says.
  room::Routes routes;
  std::set<plan::PeerId> peers;
  std::map<plan::PublicationId, plan::PeerId> publications;
  // What the packager knows from HlsCommands alone: streams that it makes, and those that wait for their publisher.
  HlsStreams streams, waiting;

 private:
  template <class Call>
  void step(Call call) {
    Out out;
    call(out);
    for (auto& message : out.messages) deliver(std::move(message));
    for (auto& command : out.commands) {
      std::visit([&](const auto& c) { apply(c); }, command);
      commands.push_back(std::move(command));
    }
    for (auto& command : out.hls) {
      std::visit([&](const auto& c) { apply(c); }, command);
      hls.push_back(std::move(command));
    }
    CHECK(routes == control.routes_wanted());  // the law of the diff
    CHECK(routes == control.routes_told());
    CHECK(without_prefixes(streams) == control.hls_wanted());  // and of HLS
    CHECK(without_prefixes(streams) == control.hls_told());
    for (const auto& [stream, start] : streams) CHECK(publications.contains(start.publication));
  }
  void deliver(Message message) {
    if (auto* send = std::get_if<Send>(&message)) {
      CHECK(open_.contains(send->to));
      inbox_[send->to].push_back(*send->text);
    } else {
      const auto& close = std::get<Close>(message);
      CHECK(open_.erase(close.connection) == 1);
      closed[close.connection] = close.code;
    }
  }
  void apply(const plan::OpenPeer& c) { CHECK(peers.insert(c.peer).second); }
  void apply(const plan::SetRemote& c) { CHECK(peers.contains(c.peer)); }
  void apply(const plan::RestartIce& c) { CHECK(peers.contains(c.peer)); }
  // A peer goes only when nothing leads to or from it any more.
  void apply(const plan::ClosePeer& c) {
    CHECK(peers.erase(c.peer) == 1);
    for (const auto& [key, tracks] : routes) CHECK(key.second != c.peer);
    for (const auto& [publication, peer] : publications) CHECK(peer != c.peer);
  }
  void apply(const plan::Publish& c) {
    CHECK(peers.contains(c.peer) && c.peer.shard == c.publication.home && !c.tracks.empty());
    publications[c.publication] = c.peer;
  }
  void apply(const plan::Unpublish& c) {
    CHECK(publications.erase(c.publication) == 1);
    for (const auto& [key, tracks] : routes) CHECK(key.first != c.publication);
  }
  void apply(const plan::Route& c) {
    CHECK(peers.contains(c.peer) && publications.contains(c.publication) && !c.tracks.empty());
    routes[{c.publication, c.peer}] = {c.tracks, c.wish};
  }
  void apply(const plan::Unroute& c) { CHECK(routes.erase({c.publication, c.peer}) == 1); }

  // Nothing is told twice; a publication has one prefix, and no two streams have the same.
  void apply(const plan::StartHls& c) {
    CHECK(c.prefix.size() == 32 && !c.tracks.empty());
    if (const auto it = streams.find(c.stream); it != streams.end()) {
      CHECK(it->second != c);
      CHECK((it->second.prefix == c.prefix) == (it->second.publication == c.publication));
    }
    for (const auto& [stream, start] : streams) CHECK(stream == c.stream || start.prefix != c.prefix);
    waiting.erase(c.stream);
    streams[c.stream] = c;
  }
  void apply(const plan::StopHls& c) {
    auto made = streams.extract(c.stream);
    if (c.over) {
      CHECK(waiting.erase(c.stream) + (made.empty() ? 0 : 1) == 1);
    } else {
      CHECK(!made.empty());
      waiting.insert(std::move(made));
    }
  }
  static HlsStreams without_prefixes(HlsStreams all) {
    for (auto& [stream, start] : all) start.prefix.clear();
    return all;
  }

  std::set<ConnectionId> open_;
  std::map<ConnectionId, std::vector<std::string>> inbox_;
};

}  // namespace heliograph::control
