// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "sdp/description.h"

namespace heliograph::sdp {

// What is wrong with a line: a text that lives for ever; nullptr when nothing is.
using Wrong = const char*;

// Puts one attribute where it belongs; `value` is nullopt for `a=name`. Names without a field of their own go to
// `others`.
Wrong read_attribute(Description& description, std::string_view name, std::optional<std::string_view> value);
Wrong read_attribute(Media& media, std::string_view name, std::optional<std::string_view> value);

}  // namespace heliograph::sdp
