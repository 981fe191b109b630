// Routers that look at nothing: round robin and random.
#include "serving/routers/policies.hpp"

namespace aifsim::serving {
namespace {

class RoundRobin final : public Router {
 public:
  std::size_t choose(const Prompt& /*prompt*/, std::span<const Replica* const> replicas) override {
    return next_++ % replicas.size();
  }

 private:
  std::size_t next_ = 0;
};

class Random final : public Router {
 public:
  explicit Random(std::uint64_t seed) : random_(seed, "router") {}
  std::size_t choose(const Prompt& /*prompt*/, std::span<const Replica* const> replicas) override {
    return random_.below(replicas.size());
  }

 private:
  Rng random_;
};

}  // namespace

std::unique_ptr<Router> make_round_robin(const RouterOptions& /*options*/) { return std::make_unique<RoundRobin>(); }
std::unique_ptr<Router> make_random(const RouterOptions& options) { return std::make_unique<Random>(options.seed); }

}  // namespace aifsim::serving
