// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hls/blob.h"

namespace heliograph::origin {

// Whether an Accept-Encoding takes gzip (RFC 9110 section 12.5.3). An empty one takes nothing but the text itself.
bool accepts_gzip(std::string_view accept_encoding);

hls::Blob gzipped(std::string_view text);

}  // namespace heliograph::origin
