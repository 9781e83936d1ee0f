// SPDX-License-Identifier: Apache-2.0
// For tests: a certificate for nobody, in files that go with it.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace heliograph::gateway::test {

struct SelfSigned {
  SelfSigned() {
    key_path = directory() + "/key.pem";
    certificate_path = directory() + "/cert.pem";
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    save(key_path, [&](FILE* f) { PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr); });
    save(certificate_path, [&](FILE* f) { PEM_write_X509(f, certificate); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~SelfSigned() { std::filesystem::remove_all(directory()); }

  static std::string directory() {
    const auto path = testing::TempDir() + "/heliograph_gateway_test_" + std::to_string(getpid());
    std::filesystem::create_directories(path);
    return path;
  }
  template <class Write>
  static void save(const std::string& path, Write write) {
    FILE* file = std::fopen(path.c_str(), "w");
    write(file);
    std::fclose(file);
  }
  std::string key_path, certificate_path;
};

}  // namespace heliograph::gateway::test
