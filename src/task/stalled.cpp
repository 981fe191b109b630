#include "task/stalled.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace aifsim::task {

void reject_stalled(const std::vector<StalledFlow>& flows) {
  constexpr std::size_t shown = 5;
  ensure(!flows.empty(), "a run that stalls has a flow that stalled");
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < std::min(flows.size(), shown); ++i) {
    problems.push_back({.file = {},
                        .key = "flow " + flows[i].label,
                        .expected = "a path that carries it to its end",
                        .got = flows[i].channel + ", which is dead and does not come back",
                        .hint = {}});
  }
  if (flows.size() > shown)
    problems.back().hint = "and " + std::to_string(flows.size() - shown) + " more flows stalled";
  throw ConfigError(std::move(problems));
}

}  // namespace aifsim::task
