#include "serving/routers/load.hpp"
#include "serving/routers/policies.hpp"

namespace aifsim::serving {
namespace {

class LeastLoaded final : public Router {
 public:
  std::size_t choose(const Prompt& /*prompt*/, std::span<const Replica* const> replicas) override {
    std::size_t best = 0;
    for (std::size_t i = 1; i < replicas.size(); ++i) {
      if (load_of(*replicas[i]) < load_of(*replicas[best])) best = i;
    }
    return best;
  }
};

}  // namespace

std::unique_ptr<Router> make_least_loaded(const RouterOptions& /*options*/) { return std::make_unique<LeastLoaded>(); }

}  // namespace aifsim::serving
