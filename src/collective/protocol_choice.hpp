// From the bytes an algorithm moves to a plan: the protocol that is done first.
#pragma once

#include <string_view>
#include <vector>

#include "collective/algorithm.hpp"
#include "collective/traffic.hpp"

namespace aifsim::collective {

enum class Medium { nvlink, network };

struct Movement {
  SlowestFlow flow;
  Medium medium = Medium::nvlink;
  double rate_factor = 1;  // of the protocol's own ceiling
};

// One phase, and the steps of its dependency chain.
struct Work {
  const Method* method = nullptr;
  double steps = 0;         // between GPUs of a domain
  double hops = 0;          // between domains
  double opening_hops = 0;  // before the first byte, where nothing hides them
  bool relayed = false;     // each hop hands on whole chunks (trees); a ring's volume already counts its steps
  std::vector<Movement> movements;
};

// The latency of the chain hides behind the transfer of long messages and the transfer behind the latency of short
// ones: time = launch + setup + hypot(chain, transfer), see tools/fit_collectives.py.
[[nodiscard]] CollectivePlan choose_protocol(std::string_view algorithm, const Work& work, const Situation& situation);

}  // namespace aifsim::collective
