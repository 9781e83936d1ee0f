// SPDX-License-Identifier: Apache-2.0
// What the settings of the group HLS mean to those who do it.
#pragma once

#include <expected>
#include <string>

#include "hls/packager.h"
#include "origin/origin.h"
#include "server/options.h"

namespace heliograph::server {

// What no setting of the group can say by itself. The error is a sentence.
std::expected<void, std::string> validate_hls(const Options& options);

hls::PackagerOptions packager_options_of(const Options& options);
origin::Options origin_options_of(const Options& options);
// Whether anything of HLS is written to hls_dir.
bool needs_disk(const Options& options);

}  // namespace heliograph::server
