// SPDX-License-Identifier: Apache-2.0
// The signals of a client: what it says as text, and what it hears as values.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace heliograph::load {

// One session of one user in one room.
struct Session {
  std::string room;
  std::string user;
  std::string session = "load";
};

std::string join(const Session& who, bool creates_room);
std::string leave(const Session& who);
std::string heartbeat(const Session& who);
std::string offer(const Session& who, std::string_view sdp);
std::string watch(const Session& who, const Session& publisher);
std::string answer(const Session& who, const Session& publisher, std::string_view sdp);

// An ack or a push.
struct Heard {
  int code = 0;
  std::string name;     // "WATCH"
  std::string message;  // b.msg of a refusal
  std::string sdp;      // b.sdp
  std::optional<base::Duration> retry_after;
  struct Entry {
    std::string user;
    std::string session;
    std::string sdp;
  };
  std::vector<Entry> publications;  // b.pps
};
// nullopt for what is no JSON object with c and s.
std::optional<Heard> hear(const std::string& text);

}  // namespace heliograph::load
