// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "server/options.h"
#include "token/keys.h"

namespace heliograph::server {

inline constexpr size_t kMaxKeyFile = 1024 * 1024;  // bytes; a longer file is refused

// The whole of a regular file of up to kMaxKeyFile bytes. The error names it.
std::expected<std::string, std::string> read_key_file(const std::string& path);

// A secret in a file: without the line end that editors put behind it.
std::expected<std::string, std::string> read_secret_file(const std::string& path);

// "kid:rest", as token_secrets and token_secret_files have it.
struct Named {
  std::string kid;
  std::string rest;
};
Named named(const std::string& text);

// The keys that the settings name, files read. The error is a sentence that names the file, and holds no key.
std::expected<token::Keys, std::string> read_keys(const Options& options);

// What all files of keys hold now, or why one of them cannot be read: another text means that read_keys() may have
// another result. For comparing only; holds secrets.
std::string snapshot_of_key_files(const Options& options);

}  // namespace heliograph::server
