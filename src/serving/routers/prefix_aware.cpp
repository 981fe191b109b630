// Weighs cached prefixes against load, as Dynamo's KV router does: the cost of a replica is the prompt tokens it would
// have to compute, times a weight, and the load it has (ai-dynamo documentation, "KV cache routing").
#include "serving/routers/load.hpp"
#include "serving/routers/policies.hpp"

namespace aifsim::serving {
namespace {

class PrefixAware final : public Router {
 public:
  explicit PrefixAware(double overlap_weight) : overlap_weight_(overlap_weight) {}

  std::size_t choose(const Prompt& prompt, std::span<const Replica* const> replicas) override {
    std::size_t best = 0;
    double least = cost(prompt, *replicas[0]);
    for (std::size_t i = 1; i < replicas.size(); ++i) {
      const double here = cost(prompt, *replicas[i]);
      if (here >= least) continue;
      least = here;
      best = i;
    }
    return best;
  }

 private:
  [[nodiscard]] double cost(const Prompt& prompt, const Replica& replica) const {
    return overlap_weight_ * (prompt.tokens - replica.cached_prefix(prompt)) + load_of(replica);
  }
  double overlap_weight_;
};

}  // namespace

std::unique_ptr<Router> make_prefix_aware(const RouterOptions& options) {
  return std::make_unique<PrefixAware>(options.overlap_weight);
}

}  // namespace aifsim::serving
