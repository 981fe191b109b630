// What exchanges take on channels that movements share, and what they put on these.
#include <algorithm>
#include <limits>
#include <utility>

#include "serving/channel_sharing.hpp"

namespace aifsim::serving {
namespace {

double multiplicity_of(const ExchangeShape::Flow& flow, ChannelKind kind) {
  for (const ExchangeShape::Load& load : flow.loads) {
    if (load.kind == kind) return load.multiplicity;
  }
  return 0;
}

}  // namespace

double ChannelSharing::works(std::uint32_t replica, const model::Batch& batch, Seconds alone) {
  Engine& engine = engines_[replica];
  account(engine);
  engine.prompts = batch.prefill_tokens > 0;
  engine.decodes = batch.decode_sequences > 0;
  engine.loads.clear();
  for (const ChannelId channel : engine.shared) engine.loads.push_back({.channel = channel, .rate = {}});
  Seconds longer, longest;
  const ExchangeUses uses = engine.shared.empty() ? ExchangeUses{} : engine.pricer->exchanges(batch);
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const ExchangeUse& use = uses.at(i);
    if (use.times <= 0) continue;
    const Bytes each = use.bytes / use.times;
    const ExchangeShape* shape = engine.pricer->shape(static_cast<model::Exchange>(i), each);
    if (shape == nullptr) continue;
    load(engine, *shape, use.bytes / shape->size);
    const Delay delayed = delay(engine, *shape);
    if (delayed.time <= Seconds{}) continue;
    const Seconds more = use.time * (delayed.time / shape->alone());
    longer += more;
    if (more <= longest) continue;
    longest = more;
    engine.cause = delayed.channel;
  }
  const Seconds time = longer > Seconds{} ? engine.pricer->slowed(batch, longer) : alone;
  engine.times = std::max(1.0, time / alone);
  if (engine.times > 1) {
    const auto heaviest =
        std::ranges::max_element(at(engine.cause).movements, {}, [](const auto& entry) { return entry.second; });
    engine.label = movements_[heaviest->first].label;
  }
  for (Load& load : engine.loads) load.rate = load.rate * (units::s / time);
  for (const ChannelId channel : engine.shared) leave_to_movements(channel);
  return engine.times;
}

void ChannelSharing::rests(std::uint32_t replica) {
  Engine& engine = engines_[replica];
  account(engine);
  engine.times = 1;
  if (engine.loads.empty()) return;
  engine.loads.clear();
  for (const ChannelId channel : engine.shared) leave_to_movements(channel);
}

void ChannelSharing::account(Engine& engine) {
  const Seconds since = std::exchange(engine.since, clock_.now());
  if (engine.times <= 1) return;
  const Seconds time = (clock_.now() - since) * (1 - 1 / engine.times);
  if (engine.prompts) lost_[{true, engine.cause, *engine.label}] += time;
  if (engine.decodes) lost_[{false, engine.cause, *engine.label}] += time;
}

void ChannelSharing::load(Engine& engine, const ExchangeShape& shape, double times) {
  for (Load& load : engine.loads) {
    const ChannelKind kind = kind_of(load.channel, fabric_);
    load.rate += shape.bytes_on(kind) * times / units::s;
    load.multiplicity = std::max(load.multiplicity, shape.multiplicity_on(kind));
  }
}

ChannelSharing::Delay ChannelSharing::delay(const Engine& engine, const ExchangeShape& shape) const {
  Delay whole;
  Seconds most_of_all;
  for (const std::vector<ExchangeShape::Flow>& phase : shape.phases) {
    Seconds alone, slowest;
    ChannelId cause;
    for (const ExchangeShape::Flow& flow : phase) {
      alone = std::max(alone, flow.alone);
      slowest = std::max(slowest, flow.alone);
      for (const ChannelId channel : engine.shared) {
        const double multiplicity = multiplicity_of(flow, kind_of(channel, fabric_));
        if (multiplicity <= 0) continue;
        const Seconds time = flow.bytes / fair_rate(channel, multiplicity);
        if (time <= slowest) continue;
        slowest = time;
        cause = channel;
      }
    }
    whole.time += slowest - alone;
    if (slowest - alone <= most_of_all) continue;
    most_of_all = slowest - alone;
    whole.channel = cause;
  }
  return whole;
}

// Progressive filling: who can go no faster elsewhere leaves the rest to the others.
BytesPerSecond ChannelSharing::fair_rate(ChannelId id, double multiplicity) const {
  const Channel& channel = at(id);
  std::vector<std::pair<BytesPerSecond, double>> limited;
  for (const auto& [number, weight] : channel.movements) limited.emplace_back(most(movements_[number], id), weight);
  std::ranges::sort(limited);
  BytesPerSecond left = capacity(id);
  double sharers = multiplicity + channel.weight;
  for (const auto& [rate, weight] : limited) {
    if (rate >= left * (1 / sharers)) break;
    left -= rate * weight;
    sharers -= weight;
  }
  return left * (1 / sharers);
}

// Its fair share of its other channels.
BytesPerSecond ChannelSharing::most(const Movement& movement, ChannelId beside) const {
  BytesPerSecond least = BytesPerSecond::from_base(std::numeric_limits<double>::infinity());
  if (movement.rate_limit > BytesPerSecond{}) least = movement.rate_limit;
  for (const ChannelUse& use : movement.path) {
    if (use.channel != beside) least = std::min(least, capacity(use.channel) * (1 / at(use.channel).weight));
  }
  return least;
}

}  // namespace aifsim::serving
