// SPDX-License-Identifier: Apache-2.0
#include "load/tls.h"

#include <boost/asio/ip/address.hpp>

namespace heliograph::load {

namespace ssl = boost::asio::ssl;

ssl::context tls_context(bool insecure) {
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  boost::system::error_code ignored;  // without authorities every certificate is refused, and that is said then
  context.set_default_verify_paths(ignored);
  context.set_verify_mode(insecure ? ssl::verify_none : ssl::verify_peer);
  return context;
}

void expect_host(SSL* connection, const Url& url) {
  boost::system::error_code no_address;
  (void)boost::asio::ip::make_address(url.host, no_address);
  auto* const parameters = SSL_get0_param(connection);
  if (!no_address) {  // RFC 6066 section 3: no literal addresses in SNI
    X509_VERIFY_PARAM_set1_ip_asc(parameters, url.host.c_str());
    return;
  }
  SSL_set_tlsext_host_name(connection, url.host.c_str());
  SSL_set1_host(connection, url.host.c_str());
}

}  // namespace heliograph::load
