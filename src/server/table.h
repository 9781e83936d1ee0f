// SPDX-License-Identifier: Apache-2.0
// Tables for a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heliograph::server {

// UTF-8 with what a terminal would obey spelled out ("\x1b"): names are chosen by strangers.
std::string printable(std::string_view text);

// Rows of cells in columns as wide as their widest cell, two blanks apart.
class Table {
 public:
  void add(std::vector<std::string> row);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace heliograph::server
