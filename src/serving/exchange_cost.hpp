// What an exchange between an engine's GPUs takes when nothing else uses its channels: planned on the fabric once for
// each kind and size step, interpolated between.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "collective/collective.hpp"
#include "hardware/platform.hpp"
#include "model/inference.hpp"
#include "serving/engine.hpp"
#include "serving/exchange_shape.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

class ExchangeCost {
 public:
  // `gpus` in rank order: pipeline stage, then attention group, then tensor rank. All must outlive this.
  ExchangeCost(const EngineOptions& options, const hardware::Platform& platform, const topology::Topology& topology,
               const std::vector<DeviceId>& gpus);

  // Zero for an exchange among one GPU.
  [[nodiscard]] Seconds time(model::Exchange exchange, Bytes bytes) const;
  // "nvlswitch0→node0/gpu1" or so: the channel that bounds a large exchange of this kind; empty when there is none.
  [[nodiscard]] std::string bound(model::Exchange exchange) const;
  // How one of about this size loads the fabric: of the nearest power of two. Null for an exchange among one GPU.
  [[nodiscard]] const ExchangeShape* shape(model::Exchange exchange, Bytes bytes) const;

 private:
  struct Kind {
    collective::Operation operation{};
    std::string algorithm = "auto";
    std::vector<std::vector<DeviceId>> groups;
    mutable std::map<int, Seconds> times;         // by size step
    mutable std::map<int, ExchangeShape> shapes;  // by size, as a power of two
  };
  [[nodiscard]] collective::CollectivePlan planned(const Kind& kind, Bytes bytes) const;
  [[nodiscard]] Seconds at_step(const Kind& kind, int step) const;

  const hardware::Platform& platform_;
  const topology::Topology& topology_;
  bool custom_all_reduce_ = false;
  std::array<Kind, model::exchange_count> kinds_;
};

}  // namespace aifsim::serving
