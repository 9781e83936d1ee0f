// SPDX-License-Identifier: Apache-2.0
#include "server/token_command.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "server/key_files.h"
#include "server/settings.h"
#include "server/table.h"
#include "token/json.h"
#include "token/jwt.h"

namespace heliograph::server {
namespace {

template <class Value>
using Result = std::expected<Value, std::string>;
using Failure = std::unexpected<std::string>;

constexpr std::string_view kHelp =
    "heliograph token: makes a token for a client or an operator, and prints it alone on standard output.\n"
    "\n"
    "Usage:\n"
    "  heliograph token --sub USER [options]     make a token\n"
    "  heliograph token --inspect TOKEN          what is in a token, and does this server take it?\n"
    "\n"
    "What the token says:\n"
    "  --sub USER          the user's id; needed\n"
    "  --rid ROOM          a room that may be joined; * stands for any run of characters, ? for one.\n"
    "                      May be repeated. Default: any room\n"
    "  --role ROLE         viewer, publisher, or admin, who also moderates and may use the API.\n"
    "                      Default: who creates a room is its publisher, others are viewers\n"
    "  --create            may create rooms\n"
    "  --name TEXT         as others see the user; also --fullname TEXT and --avatar URL\n"
    "  --ttl TIME          how long it is good, such as 90s, 15m, 12h; at most 720h. Default: 1h\n"
    "\n"
    "What signs it, the first of these that is there:\n"
    "  --private-key FILE  PEM: RSA makes RS256, EC on P-256 ES256, Ed25519 EdDSA\n"
    "  --secret-file FILE  HS256 with the secret in a file\n"
    "  --secret TEXT       HS256; who looks at the machine's processes sees it\n"
    "  the settings        token_secrets and token_secret_files of the server's file or environment\n"
    "  --kid ID            the name of the key: chooses among the settings' secrets, and goes into the token\n"
    "\n"
    "  --config FILE       the server's file (HELIOGRAPH_CONFIG); its token_issuer and token_audience\n"
    "                      go into the token\n"
    "\n"
    "--inspect prints header and payload, then whether the keys of the settings (or of --secret and --secret-file)\n"
    "verify the token. It ends with 0 if so, else with 1. TOKEN may be - for standard input.\n"
    "\n"
    "Example:\n"
    "  heliograph token --config heliograph.toml --sub ann --rid 'tea*' --role publisher --create --ttl 2h\n";

struct Words {
  token::Claims claims;
  std::string role, ttl = "1h", secret, secret_file, private_key, kid, config, inspect;
  bool create = false, help = false;
};

void declare(CLI::App& app, Words& words) {
  app.set_help_flag();
  app.add_flag("--help,-h", words.help);
  app.add_flag("--create", words.create);
  app.add_option("--rid", words.claims.rooms)->allow_extra_args(false);
  const std::pair<const char*, std::string*> options[] = {
      {"--sub", &words.claims.subject},      {"--role", &words.role},
      {"--name", &words.claims.username},    {"--fullname", &words.claims.fullname},
      {"--avatar", &words.claims.avatar},    {"--ttl", &words.ttl},
      {"--secret", &words.secret},           {"--secret-file", &words.secret_file},
      {"--private-key", &words.private_key}, {"--kid", &words.kid},
      {"--config", &words.config},           {"--inspect", &words.inspect}};
  for (const auto& [name, at] : options) app.add_option(name, *at);
}

// The secret of --secret or --secret-file.
Result<std::optional<std::string>> given_secret(const Words& words) {
  if (words.secret_file.empty()) return words.secret.empty() ? std::nullopt : std::optional(words.secret);
  auto secret = read_secret_file(words.secret_file);
  if (!secret) return Failure(secret.error());
  return *std::move(secret);
}

// All secrets of the settings, by their kids.
Result<std::vector<Named>> configured_secrets(const Options& options) {
  std::vector<Named> secrets;
  for (const auto& text : options.token_secrets) secrets.push_back(named(text));
  for (const auto& text : options.token_secret_files) {
    auto [kid, path] = named(text);
    auto secret = read_secret_file(path);
    if (!secret) return Failure(secret.error());
    secrets.push_back({std::move(kid), *std::move(secret)});
  }
  return secrets;
}

std::string kids_of(const std::vector<Named>& secrets) {
  std::string out;
  for (const auto& secret : secrets) out += (out.empty() ? "" : ", ") + secret.kid;
  return out;
}

Result<token::Signer> configured_signer(const Words& words, const Options& options) {
  auto secrets = configured_secrets(options);
  if (!secrets) return Failure(secrets.error());
  if (secrets->empty())
    return Failure(
        "there is nothing to sign with: give --private-key, --secret-file or --secret, or a --config with "
        "token_secrets");
  if (words.kid.empty() && secrets->size() > 1)
    return Failure("there are several secrets: choose with --kid one of " + kids_of(*secrets));
  const auto found = words.kid.empty() ? secrets->begin() : std::ranges::find(*secrets, words.kid, &Named::kid);
  if (found == secrets->end())
    return Failure(fmt::format("no secret has the key id \"{}\"; there are {}", words.kid, kids_of(*secrets)));
  return token::Signer{found->rest, found->kid};
}

Result<token::Signer> signer_of(const Words& words, const Options& options) {
  if (!words.private_key.empty()) {
    const auto pem = read_key_file(words.private_key);
    if (!pem) return Failure(pem.error());
    auto key = crypto::SigningKey::from_pem(*pem);
    if (!key) return Failure(fmt::format("{}: {}", words.private_key, key.error()));
    return token::Signer{*std::move(key), words.kid};
  }
  auto secret = given_secret(words);
  if (!secret) return Failure(secret.error());
  if (!*secret) return configured_signer(words, options);
  // The same rules as for the server's secrets; what breaks them would be of no use.
  if (auto added = token::Keys().add_secret(words.kid.empty() ? "-" : words.kid, **secret); !added)
    return Failure(added.error());
  return token::Signer{**std::move(secret), words.kid};
}

Result<token::Claims> claims_of(const Words& words, int64_t now) {
  auto claims = words.claims;
  const auto ttl = duration_of(words.ttl);
  if (!ttl) return Failure("--ttl: " + ttl.error());
  if (ttl->ms() < 1'000) return Failure("--ttl: less than a second");
  claims.expires = now + ttl->ms() / 1'000;
  if (words.create) claims.create = true;
  if (words.role.empty()) return claims;
  claims.role = token::role_of(words.role);
  if (!claims.role) return Failure(fmt::format("--role: \"{}\" is none of viewer, publisher and admin", words.role));
  return claims;
}

Exit failed(int code, const std::string& sentence) { return {code, "heliograph token: " + sentence + "\n"}; }

Exit make(const Words& words, const Options& options, int64_t now) {
  const auto claims = claims_of(words, now);
  if (!claims) return failed(2, claims.error());
  const token::Expected expected{options.token_issuer, options.token_audience};
  // Whatever the server would refuse is not made.
  if (const auto good = token::read_claims(token::write_claims(*claims, expected, now), expected, now); !good)
    return failed(2, good.error().sentence);
  const auto signer = signer_of(words, options);
  if (!signer) return failed(1, signer.error());
  auto token = token::mint(*claims, expected, *signer, now);
  if (token.size() > token::kMaxToken) return failed(2, "the token would be longer than the server takes");
  return {0, token + "\n"};
}

// The keys that --inspect goes by.
Result<token::Keys> keys_for(const Words& words, const Options& options) {
  auto secret = given_secret(words);
  if (!secret) return Failure(secret.error());
  if (!*secret) return read_keys(options);
  token::Keys keys;
  if (auto added = keys.add_secret(words.kid.empty() ? "-" : words.kid, **std::move(secret)); !added)
    return Failure(added.error());
  return keys;
}

// JSON has no control characters but escaped ones; what is no JSON is not shown.
std::string shown(const std::string& json) {
  return token::JsonObject::parse(json) ? printable(json) : "(not a JSON object)";
}

std::string text_of_token(const std::string& argument) {
  std::string token = argument;
  if (token == "-") std::getline(std::cin, token);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
  return token;
}

Exit inspect(const Words& words, const Options& options, int64_t now) {
  const auto token = text_of_token(words.inspect);
  const auto parts = token::split(token);
  if (!parts) return failed(1, parts.error().sentence);
  auto out = fmt::format("header   {}\npayload  {}\n", shown(parts->header), shown(parts->payload));
  const auto keys = keys_for(words, options);
  if (!keys) return failed(1, keys.error());
  if (keys->empty()) return {1, out + "verifies no: no keys are configured, so its signature cannot be checked\n"};
  const auto claims = token::verify(token, *keys, {options.token_issuer, options.token_audience}, now);
  if (!claims) return {1, out + fmt::format("verifies no: {}\n", claims.error().sentence)};
  return {0, out + fmt::format("verifies yes, for {} more seconds\n", claims->expires - now)};
}

}  // namespace

bool is_token_command(int argc, const char* const* argv) { return argc > 1 && argv[1] == std::string_view("token"); }

Exit token_command(int argc, const char* const* argv, const Environment& environment, int64_t now_unix) {
  Words words;
  CLI::App app;
  declare(app, words);
  try {
    app.parse(argc - 1, argv + 1);
  } catch (const CLI::ParseError& error) {
    return failed(2, std::string(error.what()) + " (heliograph token --help lists what there is)");
  }
  if (words.help) return {0, std::string(kHelp)};
  const auto options = settings_around(words.config, environment);
  if (!options) return failed(2, options.error());
  if (!words.inspect.empty()) return inspect(words, *options, now_unix);
  return make(words, *options, now_unix);
}

}  // namespace heliograph::server
