// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "load/url.h"

namespace heliograph::load {

// A client's: TLS 1.2 or later, checked against the certificate authorities of this machine unless insecure.
boost::asio::ssl::context tls_context(bool insecure);
// Before the handshake: whose certificate is expected, and the name that SNI says.
void expect_host(SSL* connection, const Url& url);

}  // namespace heliograph::load
