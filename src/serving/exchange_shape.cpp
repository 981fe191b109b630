#include "serving/exchange_shape.hpp"

#include <algorithm>

namespace aifsim::serving {

ChannelKind kind_of(ChannelId channel, const topology::Fabric& fabric) {
  const topology::Channel& of = fabric.channel(channel);
  return {fabric.device(of.from).kind, fabric.device(of.to).kind};
}

namespace {

const ExchangeShape::Load* load_on(const ExchangeShape::Flow& flow, ChannelKind kind) {
  const auto found = std::ranges::find(flow.loads, kind, &ExchangeShape::Load::kind);
  return found == flow.loads.end() ? nullptr : &*found;
}

void raise(std::vector<ExchangeShape::Load>& loads, ChannelKind kind, double multiplicity) {
  const auto found = std::ranges::find(loads, kind, &ExchangeShape::Load::kind);
  if (found == loads.end()) {
    loads.push_back({kind, multiplicity});
  } else {
    found->multiplicity = std::max(found->multiplicity, multiplicity);
  }
}

ExchangeShape::Flow flow_of(const collective::PhaseFlow& flow, const topology::Fabric& fabric) {
  ExchangeShape::Flow result{.bytes = flow.bytes, .alone = {}, .loads = {}};
  if (flow.rate_limit > BytesPerSecond{}) result.alone = flow.bytes / flow.rate_limit;
  for (const ChannelUse& use : flow.path) {
    const BytesPerSecond capacity = fabric.channel(use.channel).capacity;
    result.alone = std::max(result.alone, flow.bytes * use.multiplicity / capacity);
    raise(result.loads, kind_of(use.channel, fabric), use.multiplicity);
  }
  if (!flow.everyone || flow.path.empty()) return result;
  // What all ranks put on a channel, in flows like this one.
  const ChannelUse& own = flow.path.front();
  const auto same = std::ranges::find(*flow.everyone, own.channel, &collective::ChannelLoad::channel);
  if (same == flow.everyone->end()) return result;
  const double per_byte = own.multiplicity / same->bytes.base();
  for (const collective::ChannelLoad& load : *flow.everyone) {
    raise(result.loads, kind_of(load.channel, fabric), load.bytes.base() * per_byte);
  }
  return result;
}

}  // namespace

Seconds ExchangeShape::alone() const {
  Seconds total = fixed;
  for (const std::vector<Flow>& phase : phases) {
    Seconds slowest;
    for (const Flow& flow : phase) slowest = std::max(slowest, flow.alone);
    total += slowest;
  }
  return total;
}

Bytes ExchangeShape::bytes_on(ChannelKind kind) const {
  Bytes sum;
  for (const std::vector<Flow>& phase : phases) {
    for (const Flow& flow : phase) {
      if (const Load* load = load_on(flow, kind)) sum += flow.bytes * load->multiplicity;
    }
  }
  return sum;
}

double ExchangeShape::multiplicity_on(ChannelKind kind) const {
  double most = 0;
  for (const std::vector<Flow>& phase : phases) {
    double sum = 0;
    for (const Flow& flow : phase) {
      if (const Load* load = load_on(flow, kind)) sum += load->multiplicity;
    }
    most = std::max(most, sum);
  }
  return most;
}

ExchangeShape exchange_shape(const collective::CollectivePlan& plan, Bytes size, const topology::Fabric& fabric) {
  ExchangeShape shape{.size = size, .fixed = plan.alpha, .phases = {}};
  for (const collective::Phase& phase : plan.phases) {
    std::vector<ExchangeShape::Flow>& flows = shape.phases.emplace_back();
    for (const collective::PhaseFlow& flow : phase) flows.push_back(flow_of(flow, fabric));
  }
  return shape;
}

std::vector<ChannelId> exchange_channels(const model::InferencePlan& plan, const std::vector<DeviceId>& gpus,
                                         const topology::Topology& topology) {
  std::vector<ChannelUse> path;
  const auto add = [&](DeviceId from, DeviceId to) {
    // The pair names the flow, as it does in collectives.
    const std::uint64_t flow = (std::uint64_t{from.index()} << 32U) | to.index();
    topology.routing->append_path(from, to, flow, path);
  };
  const auto stage = static_cast<std::size_t>(plan.stage_gpus());
  for (std::size_t first = 0; first + stage <= gpus.size(); first += stage) {
    for (std::size_t apart = 1; apart < stage; apart *= 2) {
      for (std::size_t i = 0; i < stage; ++i) add(gpus[first + i], gpus[first + (i + apart) % stage]);
    }
    if (first == 0) continue;
    for (std::size_t i = 0; i < stage; ++i) add(gpus[first - stage + i], gpus[first + i]);
  }
  std::vector<ChannelId> channels;
  for (const ChannelUse& use : path) channels.push_back(use.channel);
  std::ranges::sort(channels);
  channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
  return channels;
}

}  // namespace aifsim::serving
