// SPDX-License-Identifier: Apache-2.0
// What stands in for libFuzzer in ordinary builds: runs a target over its corpus and over mutations of it, from a fixed seed.
// Usage: <target> CORPUS_FOLDER
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace {

using Input = std::vector<uint8_t>;
constexpr int kMutations = 20'000;

std::vector<Input> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<Input> inputs{{}};
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

void mutate(Input& input, heliograph::base::Rng& rng) {
  for (uint64_t edits = 1 + rng.below(6); edits > 0; --edits) {
    const uint64_t kind = input.empty() ? 0 : rng.below(4);
    const size_t at = input.empty() ? 0 : rng.below(input.size());
    if (kind == 0) input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), static_cast<uint8_t>(rng()));
    if (kind == 1) input[at] = static_cast<uint8_t>(rng());
    if (kind == 2) input[at] ^= static_cast<uint8_t>(1U << rng.below(8));
    if (kind == 3) input.resize(at);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto corpus = read_corpus(argc > 1 ? argv[1] : "");
  for (const auto& input : corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
  heliograph::base::Rng rng(20);
  for (int i = 0; i < kMutations; ++i) {
    Input input = corpus[rng.below(corpus.size())];
    mutate(input, rng);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu inputs and %d mutations of them\n", corpus.size(), kMutations);
}
