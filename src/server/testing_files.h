// SPDX-License-Identifier: Apache-2.0
// For tests: files for the time of a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "gtest/gtest.h"

namespace heliograph::server::testing_files {

// A folder that goes with its files.
class Folder {
 public:
  Folder() {
    static int made = 0;
    path_ = ::testing::TempDir() + "/heliograph_" + std::to_string(getpid()) + "_" + std::to_string(made++);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // The path of the file, which holds `text` now.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    return path_ + "/" + name;
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace heliograph::server::testing_files
