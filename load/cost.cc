// SPDX-License-Identifier: Apache-2.0
#include "load/cost.h"

#include "load/figures.h"

namespace heliograph::load {
namespace {

std::optional<double> us_for_each(base::Duration cpu, uint64_t count) {
  if (count == 0) return std::nullopt;
  return static_cast<double>(cpu.us()) / static_cast<double>(count);
}

}  // namespace

Cost Cost::between(const Look& begin, const Look& end, base::Duration longest_stall) {
  Cost cost;
  cost.measured = end.at - begin.at;
  cost.longest_stall = longest_stall;
  if (begin.own && end.own) {
    cost.own_cpu = end.own->cpu - begin.own->cpu;
    cost.own_wait = end.own->waited - begin.own->waited;
  }
  if (begin.server && end.server) {
    cost.server_cpu = end.server->usage.cpu - begin.server->usage.cpu;
    cost.server_wait = end.server->usage.waited - begin.server->usage.waited;
    cost.server_memory = end.server->usage.resident_bytes;
  }
  return cost;
}

std::optional<double> Cost::server_us_for_each(uint64_t count) const {
  return server_cpu ? us_for_each(*server_cpu, count) : std::nullopt;
}

std::optional<double> Cost::own_us_for_each(uint64_t count) const { return us_for_each(own_cpu, count); }

void append_json(const Cost& cost, boost::json::object& to) {
  to["measured_seconds"] = cost.measured.to_seconds();
  to["load_cpu_percent"] = percent_of_core(cost.own_cpu, cost.measured);
  to["load_wait_percent"] = percent_of_core(cost.own_wait, cost.measured);
  to["load_longest_stall_ms"] = ms(cost.longest_stall);
  if (cost.server_cpu) {
    to["server_cpu_percent"] = percent_of_core(*cost.server_cpu, cost.measured);
    to["server_wait_percent"] = percent_of_core(cost.server_wait, cost.measured);
  }
  if (cost.server_memory) to["server_resident_bytes"] = *cost.server_memory;
}

}  // namespace heliograph::load
