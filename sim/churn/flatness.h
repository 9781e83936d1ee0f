// SPDX-License-Identifier: Apache-2.0
// Whether memory grows while nothing else does.
#pragma once

#include <cstddef>
#include <span>

namespace heliograph::sim {

// A full house, looked at once.
struct Sample {
  double minutes = 0;
  double peers = 0;  // these two are what most of the memory is for
  double publications = 0;
  double bytes = 0;
};

// bytes = base + a_peer × peers + a_publication × publications + a_minute × minutes, by least squares: the last is
// growth at equal population.
struct Trend {
  double base = 0;
  double a_peer = 0;
  double a_publication = 0;
  double a_minute = 0;
  double a_minute_error = 0;  // one standard deviation of a_minute
};
// At least five samples in which all three vary, and not as one.
Trend fit(std::span<const Sample> samples);

// What must hold for a run to be called flat.
struct Law {
  // Left of each participant who came and went, once everybody has gone, compared with the first time that everybody
  // had: the smallest thing that a server forgets to free is larger.
  double bytes_left_a_join = 8;
  // Capacity of tables and buffers that stays: vectors and hash tables keep the room of their fullest hour.
  double bytes_left = 4'096;
  // Growth of a full house, of what it holds, over the run. Less than this is noise: rooms and publications are not of
  // one size, and a growth of three standard deviations may be chance.
  double growth = 0.02;
  double deviations = 3;
};
// Fewer samples than this say nothing of a trend: what a publication keeps of its last packets alone takes minutes to
// fill.
inline constexpr size_t kTrendSamples = 20;
bool grows(const Trend& trend, double minutes, double mean_bytes, const Law& law);
bool leaves_something(double bytes_left, double joins, const Law& law);

}  // namespace heliograph::sim
