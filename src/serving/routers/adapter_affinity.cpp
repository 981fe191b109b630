// A replica that has the request's LoRA adapter needs no load; but a popular adapter must not bury one replica. As in
// consistent hashing with bounded loads (arXiv 1608.01350), none gets more than so many times the mean load.
#include <optional>

#include "serving/routers/load.hpp"
#include "serving/routers/policies.hpp"

namespace aifsim::serving {
namespace {

class AdapterAffinity final : public Router {
 public:
  explicit AdapterAffinity(double load_limit) : load_limit_(load_limit) {}

  std::size_t choose(const Prompt& prompt, std::span<const Replica* const> replicas) override {
    double sum = prompt.tokens;
    for (const Replica* replica : replicas) sum += load_of(*replica);
    const double most = load_limit_ * sum / static_cast<double>(replicas.size());
    std::optional<std::size_t> with_adapter;
    std::size_t least = 0;
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      const double load = load_of(*replicas[i]);
      if (load < load_of(*replicas[least])) least = i;
      if (prompt.adapter == 0 || !replicas[i]->has_adapter(prompt.adapter) || load > most) continue;
      if (!with_adapter || load < load_of(*replicas[*with_adapter])) with_adapter = i;
    }
    return with_adapter.value_or(least);
  }

 private:
  double load_limit_;
};

}  // namespace

std::unique_ptr<Router> make_adapter_affinity(const RouterOptions& options) {
  return std::make_unique<AdapterAffinity>(options.load_limit);
}

}  // namespace aifsim::serving
