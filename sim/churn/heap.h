// SPDX-License-Identifier: Apache-2.0
// Whose memory is whose, in a program that holds a server and its clients: every block that operator new and OpenSSL
// give out remembers who asked for it. For programs of one thread.
#pragma once

#include <cstdint>

namespace heliograph::sim {

struct HeapUse {
  int64_t bytes = 0;
  int64_t blocks = 0;
};

// What the server has asked for and nobody has freed.
HeapUse server_heap();
// OpenSSL's memory counts too. To be called before OpenSSL is used first.
void count_openssl();

// What is allocated while one of these lives is the server's, whoever frees it.
class InServer {
 public:
  InServer();
  ~InServer();
  InServer(const InServer&) = delete;
  InServer& operator=(const InServer&) = delete;

 private:
  bool before_;
};
// The other way round, inside of it: what a model of the world around the server needs.
class OutOfServer {
 public:
  OutOfServer();
  ~OutOfServer();
  OutOfServer(const OutOfServer&) = delete;
  OutOfServer& operator=(const OutOfServer&) = delete;

 private:
  bool before_;
};

}  // namespace heliograph::sim
