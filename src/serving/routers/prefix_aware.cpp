// Weighs cached prefixes against load, as Dynamo's KV router does: the cost of a replica is the prompt tokens it would
// have to compute, times a weight, and the load it has (ai-dynamo documentation, "KV cache routing"). Tokens that it
// has below HBM, and must fetch, save a share of what they cost.
#include <numeric>

#include "serving/routers/load.hpp"
#include "serving/routers/policies.hpp"

namespace aifsim::serving {
namespace {

class PrefixAware final : public Router {
 public:
  explicit PrefixAware(const RouterOptions& options) : options_(options) {}

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
    const PrefixPlaces places = replica.prefix_places(prompt);
    const double saved = std::inner_product(places.begin(), places.end(), options_.tiers.begin(), 0.0);
    return options_.overlap_weight * (prompt.tokens - saved) + load_of(replica);
  }
  RouterOptions options_;
};

}  // namespace

std::unique_ptr<Router> make_prefix_aware(const RouterOptions& options) {
  return std::make_unique<PrefixAware>(options);
}

}  // namespace aifsim::serving
