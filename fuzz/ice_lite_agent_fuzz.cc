// SPDX-License-Identifier: Apache-2.0
// A lite agent among callers who know its password and strangers who do not: checks of every kind, restarts, time that
// jumps, noise. Only signed checks may move anything.
#include <array>
#include <string>

#include "base/check.h"
#include "ice/lite_agent.h"

namespace base = heliograph::base;
namespace ice = heliograph::ice;
namespace stun = heliograph::stun;

namespace {

ice::Credentials generation(unsigned n) { return {"ufrag" + std::to_string(n), "password" + std::to_string(n)}; }

class World {
 public:
  void step(base::ByteReader& in) {
    const uint8_t action = in.u8();
    if (action < 16) return restart();
    if (action < 48) return wait(base::Duration::millis(in.u16()));
    if (action < 64) return noise(in);
    check(action, in);
  }

 private:
  void restart() { agent_.restart(generation(++newest_)); }
  void wait(base::Duration d) { now_ = now_ + d; }

  void noise(base::ByteReader& in) {
    const auto before = agent_.selected();
    const auto bytes = in.bytes(std::min<size_t>(in.u8(), in.left()));
    receive(bytes, {});
    CHECK(agent_.selected() == before);
  }

  void check(uint8_t action, base::ByteReader& in) {
    const bool signed_rightly = (action & 1) != 0;
    const auto credentials = generation(newest_ - std::min<unsigned>(action >> 1 & 1, newest_));
    const auto before = agent_.selected();
    const auto consent = agent_.next_time();
    std::array<uint8_t, 600> out{};
    stun::MessageWriter writer(out, stun::Class::kRequest, stun::kBinding, {});
    writer.username(credentials.ufrag + ":them");
    writer.priority(1);
    if ((action & 4) != 0) writer.use_candidate();
    (action & 8) != 0 ? writer.ice_controlled(1) : writer.ice_controlling(1);
    if ((action & 16) != 0) writer.attribute(static_cast<stun::Attribute>(in.u16()), in.bytes(in.u8() % 8));
    writer.message_integrity(base::as_bytes(signed_rightly ? credentials.pwd : "wrong"));
    if ((action & 32) == 0) writer.fingerprint();
    const uint8_t from = in.u8();
    const auto verdict =
        receive(writer.written(), {{base::IpAddress::v4(from & 0x3fU), 1}, static_cast<uint8_t>(from >> 6)});
    if (verdict == ice::Verdict::kAnswered) return;
    CHECK(agent_.selected() == before && agent_.next_time() == consent);
  }

  ice::Verdict receive(base::ConstBytes bytes, const ice::Path& from) {
    out_.clear();
    const auto verdict = agent_.receive(now_, bytes, from.remote, from.local, out_);
    const bool silent = verdict == ice::Verdict::kMalformed || verdict == ice::Verdict::kIgnored;
    CHECK(out_.size() == (silent ? 0 : 1));
    if (!silent) {
      const auto answer = stun::MessageView::parse(out_[0].bytes());
      CHECK(answer && answer->check_fingerprint() && out_[0].path == from);
    }
    if (verdict == ice::Verdict::kAnswered) CHECK(agent_.knows(from) && !agent_.consent_expired(now_));
    CHECK(!agent_.selected() || agent_.knows(*agent_.selected()));
    return verdict;
  }

  unsigned newest_ = 0;
  base::Timestamp now_;
  ice::LiteAgent agent_{generation(0)};
  ice::Out out_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  World world;
  base::ByteReader in(base::ConstBytes(bytes, size));
  while (in.left() > 0) world.step(in);
  return 0;
}
