// SPDX-License-Identifier: Apache-2.0
#include "sim/churn/flatness.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "base/check.h"

namespace heliograph::sim {
namespace {

constexpr size_t kUnknowns = 4;
using Row = std::array<double, kUnknowns>;
using Matrix = std::array<Row, kUnknowns>;

Row row_of(const Sample& s) { return {1, s.peers, s.publications, s.minutes}; }

double product(const Row& a, const Row& b) {
  double sum = 0;
  for (size_t i = 0; i < kUnknowns; ++i) sum += a[i] * b[i];
  return sum;
}

// Gauss and Jordan; `m` is symmetric and positive definite, so that no pivot has to be looked for.
Matrix inverse(Matrix m) {
  Matrix out{};
  for (size_t i = 0; i < kUnknowns; ++i) out[i][i] = 1;
  for (size_t pivot = 0; pivot < kUnknowns; ++pivot) {
    const double p = m[pivot][pivot];
    CHECK(p > 0);
    for (size_t j = 0; j < kUnknowns; ++j) m[pivot][j] /= p, out[pivot][j] /= p;
    for (size_t i = 0; i < kUnknowns; ++i) {
      if (i == pivot) continue;
      const double factor = m[i][pivot];
      for (size_t j = 0; j < kUnknowns; ++j) m[i][j] -= factor * m[pivot][j], out[i][j] -= factor * out[pivot][j];
    }
  }
  return out;
}

}  // namespace

Trend fit(std::span<const Sample> samples) {
  CHECK(samples.size() > kUnknowns);
  Matrix normal{};
  Row right{};
  for (const auto& s : samples) {
    const Row row = row_of(s);
    for (size_t i = 0; i < kUnknowns; ++i) {
      right[i] += row[i] * s.bytes;
      for (size_t j = 0; j < kUnknowns; ++j) normal[i][j] += row[i] * row[j];
    }
  }
  const Matrix inverted = inverse(normal);
  Row found;
  for (size_t i = 0; i < kUnknowns; ++i) found[i] = product(inverted[i], right);
  double rest = 0;
  for (const auto& s : samples) rest += std::pow(s.bytes - product(row_of(s), found), 2);
  const double variance = rest / static_cast<double>(samples.size() - kUnknowns);
  return {found[0], found[1], found[2], found[3], std::sqrt(variance * inverted[3][3])};
}

bool grows(const Trend& trend, double minutes, double mean_bytes, const Law& law) {
  return trend.a_minute > law.deviations * trend.a_minute_error && trend.a_minute * minutes > law.growth * mean_bytes;
}

bool leaves_something(double bytes_left, double joins, const Law& law) {
  return bytes_left > law.bytes_left && bytes_left > law.bytes_left_a_join * joins;
}

}  // namespace heliograph::sim
