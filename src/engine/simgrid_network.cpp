#include "engine/simgrid_network.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <simgrid/kernel/resource/Action.hpp>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u/Comm.hpp>
#include <simgrid/s4u/Host.hpp>
#include <simgrid/s4u/Link.hpp>

#include "base/error.hpp"

namespace aifsim::engine {
namespace {

// Multiplicities that are no ratio of small integers are rounded to the nearest such ratio.
constexpr int greatest_denominator = 64;
// Bytes per second of a dead channel: a byte takes 12 days.
constexpr double dead = 1e-6;

}  // namespace

SimgridNetwork::SimgridNetwork(std::vector<double> channel_capacity, FlowEnd flow_end)
    : capacity_(std::move(channel_capacity)),
      flow_end_(std::move(flow_end)),
      activities_([this](std::uint32_t number) { ended(moving_[number]); }),
      network_model_(model_named("Network_CM02")),
      source_(make_host("source of all flows", 1.0)),
      destination_(make_host("destination of all flows", 1.0)),
      links_(capacity_.size(), nullptr) {}

SimgridNetwork::~SimgridNetwork() = default;

std::uint32_t SimgridNetwork::start(const Flow& flow, double /*now*/) {
  const Crossings crossings = crossings_of(flow.path);
  auto& route = route_of_next_communication();
  route.clear();
  for (std::size_t i = 0; i < flow.path.size(); ++i) {
    auto* link = link_of(flow.path[i].channel)->get_impl();
    route.insert(route.end(), static_cast<std::size_t>(crossings.count[i]), link);
  }
  const auto comm = simgrid::s4u::Comm::sendto_init(source_, destination_);
  comm->set_payload_size(static_cast<std::uint64_t>(std::ceil(flow.bytes)));
  const std::uint32_t number = activities_.add(comm);
  if (moving_.size() <= number) moving_.resize(number + 1);
  comm->start();
  auto* action = newest_action(network_model_);
  moving_[number] = {.task = flow.task, .bound = lone_bound(flow), .path = flow.path};
  action->set_remains(flow.bytes);  // s4u counts whole bytes
  action->set_rate_factor(1.0 / crossings.factor);
  action->set_sharing_penalty(1.0 / crossings.factor);
  // Without a bound of its own: SimGrid bounds a communication by what its links can do when it starts.
  action->set_bound(flow.rate_limit > 0.0 ? flow.rate_limit * crossings.factor : -1.0);
  return number;
}

double SimgridNetwork::stop(std::uint32_t number, double /*now*/) { return activities_.cancel(number); }

double SimgridNetwork::next_end(double /*now*/) {
  activities_.clear_ended();
  return never;
}

void SimgridNetwork::advance(double /*now*/) {}

void SimgridNetwork::set_capacity(ChannelId channel, double capacity, double /*now*/) {
  ensure(channel.index() < links_.size(), "a channel that changes is in the fabric");
  capacity_[channel.index()] = capacity;
  if (auto* link = links_[channel.index()]; link != nullptr) link->set_bandwidth(std::max(capacity, dead));
}

void SimgridNetwork::ended(const Moving& flow) {
  const auto is_dead = [this](const ChannelUse& use) { return capacity_[use.channel.index()] <= 0.0; };
  const auto found = std::ranges::find_if(flow.path, is_dead);
  if (found == flow.path.end()) {
    flow_end_(flow.task, flow.bound);
  } else {
    stalled_.push_back({flow.task, found->channel});
  }
}

SimgridNetwork::Crossings SimgridNetwork::crossings_of(std::span<const ChannelUse> path) {
  Crossings crossings;
  if (path.empty()) return crossings;
  crossings.factor = std::ranges::min(path, {}, &ChannelUse::multiplicity).multiplicity;
  const double least = crossings.factor;
  int denominator = 1;
  const auto off = [&](const ChannelUse& use) {
    const double times = use.multiplicity / least * denominator;
    return std::abs(times - std::round(times)) > 1e-9 * times;
  };
  while (denominator < greatest_denominator && std::ranges::any_of(path, off)) ++denominator;
  crossings.factor = least / denominator;
  for (const ChannelUse& use : path) {
    crossings.count.push_back(static_cast<int>(std::lround(use.multiplicity / crossings.factor)));
  }
  return crossings;
}

ChannelId SimgridNetwork::lone_bound(const Flow& flow) const {
  double rate = flow.rate_limit > 0.0 ? flow.rate_limit : never;
  ChannelId bound;
  for (const ChannelUse& use : flow.path) {
    const double share = capacity_[use.channel.index()] / use.multiplicity;
    if (share < rate) {
      rate = share;
      bound = use.channel;
    }
  }
  return bound;
}

simgrid::s4u::Link* SimgridNetwork::link_of(ChannelId channel) {
  ensure(channel.index() < links_.size(), "a flow's channels are in the fabric");
  auto*& link = links_[channel.index()];
  if (link == nullptr) {
    link = make_link("channel" + std::to_string(channel.index()), std::max(capacity_[channel.index()], dead));
  }
  return link;
}

}  // namespace aifsim::engine
