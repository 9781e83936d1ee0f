// SPDX-License-Identifier: Apache-2.0
#include "ice/lite_agent.h"

#include <algorithm>
#include <utility>

namespace heliograph::ice {
namespace {

// A nominated path that is not selected takes the selection over at this many nominations in a row: more than the one
// that a late retransmission, or a caller that nominates every pair at once, would bring.
constexpr uint8_t kRenominationsToSwitch = 2;

struct UserName {
  std::string_view receiver;
  std::string_view sender;
};
std::optional<UserName> split(std::string_view username) {
  const auto colon = username.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return UserName{username.substr(0, colon), username.substr(colon + 1)};
}

bool is_check(const stun::MessageView& message) {
  return message.message_class() == stun::Class::kRequest && message.method() == stun::kBinding;
}

stun::ErrorCode error_code(Verdict refusal) {
  switch (refusal) {
    case Verdict::kUnauthenticated:
      return stun::ErrorCode::kUnauthenticated;
    case Verdict::kUnknownAttribute:
      return stun::ErrorCode::kUnknownAttribute;
    case Verdict::kRoleConflict:
      return stun::ErrorCode::kRoleConflict;
    default:
      return stun::ErrorCode::kBadRequest;
  }
}

// Signed where the sender proved to know the password (RFC 8489 section 9.1.4). It is no longer than what provoked it
// but for the error's reason, so it amplifies nothing.
void refuse(const stun::MessageView& request, const Path& path, Verdict refusal, const Credentials* signer, Out& out) {
  auto& datagram = out.emplace_back();
  stun::MessageWriter writer(datagram.buffer, stun::Class::kError, stun::kBinding, request.transaction_id());
  writer.error_code(error_code(refusal));
  if (refusal == Verdict::kUnknownAttribute) writer.unknown_attributes(request.unknown_attributes());
  sign(writer, signer != nullptr ? std::optional<std::string_view>(signer->pwd) : std::nullopt, path, datagram);
}

}  // namespace

std::optional<std::string_view> receiver_ufrag(base::ConstBytes stun) {
  const auto message = stun::MessageView::parse(stun);
  if (!message || !is_check(*message) || !message->username()) return std::nullopt;
  const auto name = split(*message->username());
  return name ? std::optional(name->receiver) : std::nullopt;
}

LiteAgent::LiteAgent(Credentials local, base::Duration consent_timeout)
    : consent_timeout_(consent_timeout), local_(std::move(local)) {}

void LiteAgent::restart(Credentials local) {
  // A second restart before the first was used: the credentials in use stay the old ones.
  if (!previous_) previous_ = std::move(local_);
  local_ = std::move(local);
}

Verdict LiteAgent::receive(base::Timestamp now, base::ConstBytes stun, const base::SocketAddress& from, uint8_t local,
                           Out& out) {
  const Path path{from, local};
  const auto message = stun::MessageView::parse(stun);
  const bool whole = message && (!message->has_fingerprint() || message->check_fingerprint());
  Verdict verdict = Verdict::kMalformed;
  if (whole) verdict = is_check(*message) ? take_check(now, *message, path, out) : Verdict::kIgnored;
  ++counts_[static_cast<size_t>(verdict)];
  return verdict;
}

Verdict LiteAgent::take_check(base::Timestamp now, const stun::MessageView& check, const Path& path, Out& out) {
  const Credentials* signer = nullptr;
  const Verdict verdict = judge(check, signer);
  if (verdict != Verdict::kAnswered) {
    refuse(check, path, verdict, signer, out);
    return verdict;
  }
  append_success(check, path, signer->pwd, out);
  if (signer == &local_) use_new_credentials();
  accept(now, check, path);
  return verdict;
}

// In the order of RFC 8489 sections 9.1.3 and 6.3.1, then RFC 8445 section 7.3. On return, signer is who proved to be
// asked.
Verdict LiteAgent::judge(const stun::MessageView& check, const Credentials*& signer) const {
  if (!check.username() || !check.has_integrity()) return Verdict::kBadRequest;
  const auto* credentials = credentials_for(*check.username());
  if (credentials == nullptr || !check.check_integrity(base::as_bytes(credentials->pwd)))
    return Verdict::kUnauthenticated;
  signer = credentials;
  if (!check.unknown_attributes().empty()) return Verdict::kUnknownAttribute;
  // A lite agent never controls (RFC 8445 section 6.1.1), so it is the other side that must change (section 7.3.1.1).
  if (check.ice_controlled()) return Verdict::kRoleConflict;
  return Verdict::kAnswered;
}

const Credentials* LiteAgent::credentials_for(std::string_view username) const {
  const auto name = split(username);
  if (!name) return nullptr;
  if (name->receiver == local_.ufrag) return &local_;
  return previous_ && name->receiver == previous_->ufrag ? &*previous_ : nullptr;
}

// The first check of a new generation: what was nominated before counts no longer, but stays selected until the next
// nomination.
void LiteAgent::use_new_credentials() {
  if (!previous_) return;
  previous_.reset();
  for (auto& known : paths_) known.nominated = false;
}

void LiteAgent::accept(base::Timestamp now, const stun::MessageView& check, const Path& path) {
  const size_t index = remember(path, now);
  paths_[index].last_check = now;
  last_check_ = now;
  if (check.use_candidate()) nominate(index);
}

void LiteAgent::nominate(size_t index) {
  auto& known = paths_[index];
  const bool again = known.nominated && index != selected_;
  known.nominated = true;
  if (again && ++known.renominations < kRenominationsToSwitch) return;
  selected_ = index;
  nominated_ = true;
  for (auto& other : paths_) other.renominations = 0;
}

std::optional<Path> LiteAgent::selected() const {
  return paths_.empty() ? std::nullopt : std::optional(paths_[selected_].path);
}

bool LiteAgent::knows(const Path& path) const {
  return std::ranges::any_of(paths_, [&](const KnownPath& known) { return known.path == path; });
}

// The path's place, new or not.
size_t LiteAgent::remember(const Path& path, base::Timestamp now) {
  const auto known = std::ranges::find(paths_, path, &KnownPath::path);
  if (known != paths_.end()) return static_cast<size_t>(known - paths_.begin());
  const bool full = paths_.size() == kMaxPaths;
  const size_t index = full ? oldest() : paths_.size();
  if (!full) paths_.emplace_back();
  paths_[index] = {.path = path, .last_check = now};
  return index;
}

size_t LiteAgent::oldest() const {
  size_t oldest = selected_ == 0 ? 1 : 0;
  for (size_t i = 0; i < kMaxPaths; ++i)
    if (i != selected_ && paths_[i].last_check < paths_[oldest].last_check) oldest = i;
  return oldest;
}

base::Timestamp LiteAgent::next_time() const {
  return last_check_ ? *last_check_ + consent_timeout_ : base::Timestamp::never();
}

}  // namespace heliograph::ice
