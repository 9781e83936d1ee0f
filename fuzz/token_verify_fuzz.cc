// SPDX-License-Identifier: Apache-2.0
// Any text is a token that one of our keys signed, or a refusal with a sentence. So that the fuzzer gets past
// signatures it cannot make, a text without a dot is taken as a payload, and one that begins with a brace as a JWKS
// too.
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "token/jwt.h"

namespace {

using namespace heliograph;

constexpr int64_t kNow = 1'800'000'000;
const token::Expected kExpected{.issuer = {}, .audience = "rooms"};

const token::Keys& keys() {
  static const token::Keys keys = [] {
    token::Keys made;
    CHECK(made.add_secret("fuzz", std::string(32, 'k')).has_value());
    // RFC 8037 appendix A.2 and RFC 7515 appendix A.3.
    CHECK(made.add_jwks(R"({"keys":[
      {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"ed"},
      {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
       "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})")
              .has_value());
    return made;
  }();
  return keys;
}

// Whatever was taken holds what control relies on, and is read again as it was once it is written.
void check(const std::expected<token::Claims, token::Refused>& read) {
  if (!read) {
    CHECK(!read.error().sentence.empty());
    return;
  }
  CHECK(!read->subject.empty() && read->subject.size() <= token::kMaxSubject);
  CHECK(read->expires + token::kLeeway > kNow);
  for (const auto& room : read->rooms) CHECK(!room.empty() && room.size() <= token::kMaxRoom);
  const auto again = token::read_claims(token::write_claims(*read, kExpected, kNow), kExpected, kNow);
  CHECK(again && *again == *read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto text = base::as_text({bytes, size});
  check(token::verify(text, keys(), kExpected, kNow));
  if (text.find('.') == text.npos) check(token::read_claims(text, kExpected, kNow));
  if (text.starts_with('{')) {
    token::Keys made;
    CHECK(made.add_jwks(text).has_value() == made.has_public_keys());
  }
  return 0;
}
