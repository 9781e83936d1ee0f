// SPDX-License-Identifier: Apache-2.0
#include "server/key_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "fmt/format.h"

namespace heliograph::server {
namespace {

using Failure = std::unexpected<std::string>;
using Done = std::expected<void, std::string>;

Done located(const std::string& path, Done added) {
  if (!added) return Failure(fmt::format("{}: {}", path, added.error()));
  return {};
}

Done add_secret_file(token::Keys& keys, const std::string& text) {
  auto [kid, path] = named(text);
  auto secret = read_secret_file(path);
  if (!secret) return Failure(secret.error());
  return located(path, keys.add_secret(std::move(kid), *std::move(secret)));
}

Done add_file(token::Keys& keys, const std::string& path, Done (token::Keys::*add)(std::string_view)) {
  const auto text = read_key_file(path);
  if (!text) return Failure(text.error());
  return located(path, (keys.*add)(*text));
}

std::vector<std::string> paths_of(const Options& options) {
  auto paths = options.token_public_keys;
  for (const auto& text : options.token_secret_files) paths.push_back(named(text).rest);
  if (!options.token_jwks.empty()) paths.push_back(options.token_jwks);
  return paths;
}

}  // namespace

std::expected<std::string, std::string> read_key_file(const std::string& path) {
  std::error_code error;
  // Also follows the links by which orchestrators swap a mounted secret. A pipe could hold up the server.
  if (!std::filesystem::is_regular_file(path, error)) return Failure(fmt::format("{}: there is no such file", path));
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxKeyFile + 1, '\0');
  if (!file || !(file.read(text.data(), static_cast<std::streamsize>(text.size())) || file.eof()))
    return Failure(fmt::format("{}: cannot be read", path));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxKeyFile) return Failure(fmt::format("{}: is longer than 1 MiB", path));
  return text;
}

std::expected<std::string, std::string> read_secret_file(const std::string& path) {
  auto text = read_key_file(path);
  if (text && text->ends_with('\n')) text->pop_back();
  if (text && text->ends_with('\r')) text->pop_back();
  return text;
}

Named named(const std::string& text) {
  const auto colon = text.find(':');
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::expected<token::Keys, std::string> read_keys(const Options& options) {
  token::Keys keys;
  for (const auto& text : options.token_secrets) {
    auto [kid, secret] = named(text);
    if (auto added = keys.add_secret(std::move(kid), std::move(secret)); !added)
      return Failure(fmt::format("token_secrets: {}", added.error()));
  }
  for (const auto& text : options.token_secret_files)
    if (auto added = add_secret_file(keys, text); !added) return Failure(added.error());
  for (const auto& path : options.token_public_keys)
    if (auto added = add_file(keys, path, &token::Keys::add_pem); !added) return Failure(added.error());
  if (!options.token_jwks.empty())
    if (auto added = add_file(keys, options.token_jwks, &token::Keys::add_jwks); !added) return Failure(added.error());
  return keys;
}

std::string snapshot_of_key_files(const Options& options) {
  std::string all;
  for (const auto& path : paths_of(options)) {
    const auto text = read_key_file(path);
    const auto& part = text ? *text : text.error();
    all += fmt::format("{} {} {}\n", path, part.size(), part);
  }
  return all;
}

}  // namespace heliograph::server
