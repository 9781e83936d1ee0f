// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "load/histogram.h"
#include "load/hls/playlist.h"

namespace heliograph::load::hls {

// When each part was there to be had: as a client cannot know when a server made it, that is when the first of all
// players had an answer to the reload that waits for it. What the others were behind that is what the server took to
// answer all of them.
class Availability {
 public:
  // An answer to a reload that waited for this part of this rendition (a number of the caller's choice).
  void add(int rendition, PartId part, base::Timestamp asked, base::Timestamp answered) {
    races_[{rendition, part}].push_back({asked, answered});
  }
  // Counts the others of every part whose first answer is older than `before`: by then all have come that will. Who
  // asked after the first answer is measured from there.
  void settle(base::Timestamp before, Histogram& behind) {
    for (auto race = races_.begin(); race != races_.end();) {
      auto& answers = race->second;
      const auto first = std::ranges::min_element(answers, {}, &Answer::answered);
      if (first->answered >= before) {
        ++race;
        continue;
      }
      const auto zero = first->answered;
      answers.erase(first);
      for (const auto& answer : answers) behind.add(answer.answered - std::max(zero, answer.asked));
      race = races_.erase(race);
    }
  }
  void clear() { races_.clear(); }

 private:
  struct Answer {
    base::Timestamp asked, answered;
  };
  std::map<std::pair<int, PartId>, std::vector<Answer>> races_;
};

}  // namespace heliograph::load::hls
