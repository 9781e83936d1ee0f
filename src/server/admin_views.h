// SPDX-License-Identifier: Apache-2.0
// What the API answers (docs/reference/openapi.yaml), for somebody to read. What is missing in an answer is left blank:
// the server may be of another version.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace heliograph::server {

std::string room_card(const boost::json::value& room);
std::string rooms_table(const boost::json::value& list);
// A line a session; a user who is not there has one as well.
std::string participants_table(const boost::json::value& list);
std::string hls_card(const boost::json::value& hls);
std::string stats_text(const boost::json::value& stats);

}  // namespace heliograph::server
