#include <array>

#include "serving/routers/policies.hpp"

namespace aifsim::serving {
namespace {

constexpr std::array policies{
    RouterPolicy{"round-robin", "each replica in turn", make_round_robin},
    RouterPolicy{"random", "any replica, all alike", make_random},
    RouterPolicy{"least-loaded", "fewest prompt tokens and sequences before it", make_least_loaded},
    RouterPolicy{"prefix-aware", "least work left after what the replica has cached of the prompt", make_prefix_aware},
    RouterPolicy{"session", "turns of a conversation to one replica, else least loaded", make_session},
    RouterPolicy{"adapter-affinity", "least loaded of those that have the LoRA adapter, unless they are overloaded",
                 make_adapter_affinity},
};

}  // namespace

std::span<const RouterPolicy> router_policies() { return policies; }

}  // namespace aifsim::serving
