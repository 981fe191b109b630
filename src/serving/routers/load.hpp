// A replica's load as a front end estimates it.
#pragma once

#include "serving/replica.hpp"

namespace aifsim::serving {

// In prompt tokens: what waits for prefill, and one for each sequence that decodes (one token of each iteration).
inline double load_of(const Replica& replica) { return replica.waiting_tokens() + replica.running(); }

}  // namespace aifsim::serving
