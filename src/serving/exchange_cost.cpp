#include "serving/exchange_cost.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace aifsim::serving {
namespace {

using model::Exchange;

constexpr double steps_per_doubling = 4;

int step_below(double bytes) { return static_cast<int>(std::floor(std::log2(bytes) * steps_per_doubling)); }
Bytes size_of_step(int step) { return std::exp2(step / steps_per_doubling) * units::B; }

std::vector<std::vector<DeviceId>> cut(std::span<const DeviceId> gpus, std::size_t size) {
  std::vector<std::vector<DeviceId>> groups;
  for (std::size_t first = 0; first + size <= gpus.size(); first += size) {
    const auto group = gpus.subspan(first, size);
    groups.emplace_back(group.begin(), group.end());
  }
  return groups;
}

collective::Operation operation_of(Exchange exchange) {
  switch (exchange) {
    case Exchange::tensor_all_reduce:
    case Exchange::expert_all_reduce: return collective::Operation::all_reduce;
    case Exchange::expert_dispatch:
    case Exchange::expert_combine: return collective::Operation::all_to_all;
    case Exchange::tokens_all_gather:
    case Exchange::image_tokens_all_gather:
    case Exchange::logits_all_gather: return collective::Operation::all_gather;
    case Exchange::tokens_reduce_scatter: return collective::Operation::reduce_scatter;
    case Exchange::stage_send: return collective::Operation::send_receive;
  }
  throw InternalError("an exchange without an operation");
}

bool among_tensor_ranks(Exchange exchange) {
  return exchange == Exchange::tensor_all_reduce || exchange == Exchange::logits_all_gather ||
         exchange == Exchange::image_tokens_all_gather;
}

}  // namespace

ExchangeCost::ExchangeCost(const EngineOptions& options, const hardware::Platform& platform,
                           const topology::Topology& topology, const std::vector<DeviceId>& gpus)
    : platform_(platform), topology_(topology), custom_all_reduce_(options.software.custom_all_reduce) {
  const auto stage_gpus = static_cast<std::size_t>(options.plan.stage_gpus());
  const std::span<const DeviceId> stage = std::span(gpus).first(stage_gpus);
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const auto exchange = static_cast<Exchange>(i);
    Kind& kind = kinds_.at(i);
    kind.operation = operation_of(exchange);
    if (exchange == Exchange::stage_send) {
      if (gpus.size() > stage_gpus) kind.groups = {{gpus[0], gpus[stage_gpus]}};
    } else {
      kind.groups = cut(stage, among_tensor_ranks(exchange) ? static_cast<std::size_t>(options.plan.tp) : stage_gpus);
    }
    const bool to_experts = exchange == Exchange::expert_dispatch || exchange == Exchange::expert_combine;
    if (to_experts && options.software.expert_exchange == "deepep") kind.algorithm = "expert";
  }
}

collective::CollectivePlan ExchangeCost::planned(const Kind& kind, Bytes bytes) const {
  collective::Request request{
      .operation = kind.operation, .bytes = bytes, .groups = kind.groups, .algorithm = kind.algorithm};
  collective::CollectivePlan chosen = plan(request, platform_, topology_);
  // What engines bring along: kernels for small all-reduces, and for tokens on their way inside an NVLink domain.
  if (kind.operation == collective::Operation::all_reduce && custom_all_reduce_) {
    request.algorithm = "custom";
  } else if (kind.operation == collective::Operation::all_to_all) {
    request.algorithm = "expert_nvlink";
  } else {
    return chosen;
  }
  std::optional<collective::CollectivePlan> own = plan_if_served(request, platform_, topology_);
  const bool faster = own && lone_time(*own, topology_.fabric) < lone_time(chosen, topology_.fabric);
  return faster ? *std::move(own) : chosen;
}

Seconds ExchangeCost::at_step(const Kind& kind, int step) const {
  const auto known = kind.times.find(step);
  if (known != kind.times.end()) return known->second;
  return kind.times[step] = lone_time(planned(kind, size_of_step(step)), topology_.fabric);
}

Seconds ExchangeCost::time(Exchange exchange, Bytes bytes) const {
  const Kind& kind = kinds_.at(static_cast<std::size_t>(exchange));
  if (kind.groups.empty() || kind.groups.front().size() < 2 || bytes < 1 * units::B) return {};
  const int step = step_below(bytes.in(units::B));
  const Bytes low = size_of_step(step), high = size_of_step(step + 1);
  const double share = (bytes - low) / (high - low);
  return at_step(kind, step) * (1 - share) + at_step(kind, step + 1) * share;
}

const ExchangeShape* ExchangeCost::shape(Exchange exchange, Bytes bytes) const {
  const Kind& kind = kinds_.at(static_cast<std::size_t>(exchange));
  if (kind.groups.empty() || kind.groups.front().size() < 2 || bytes < 1 * units::B) return nullptr;
  const int power = static_cast<int>(std::lround(std::log2(bytes.in(units::B))));
  const auto known = kind.shapes.find(power);
  if (known != kind.shapes.end()) return &known->second;
  const Bytes size = std::exp2(power) * units::B;
  return &(kind.shapes[power] = exchange_shape(planned(kind, size), size, topology_.fabric));
}

std::string ExchangeCost::bound(Exchange exchange) const {
  const Kind& kind = kinds_.at(static_cast<std::size_t>(exchange));
  if (kind.groups.empty() || kind.groups.front().size() < 2) return {};
  const collective::Request request{
      .operation = kind.operation, .bytes = 64 * units::MiB, .groups = kind.groups, .algorithm = kind.algorithm};
  const collective::CollectivePlan large = plan(request, platform_, topology_);
  Seconds longest;
  std::string name;
  for (const collective::Phase& phase : large.phases) {
    for (const collective::PhaseFlow& flow : phase) {
      for (const ChannelUse& use : flow.path) {
        const Seconds time = flow.bytes * use.multiplicity / topology_.fabric.channel(use.channel).capacity;
        if (time <= longest) continue;
        longest = time;
        name = topology_.fabric.name(use.channel);
      }
    }
  }
  return name;
}

}  // namespace aifsim::serving
