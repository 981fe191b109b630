// SHARP: all_reduce in the scale-out switches. Each member of a domain reduces its part of the buffer within the domain
// and sends it up an aggregation tree of switches once; the sum comes down once. A ring sends everything almost twice.
#include <algorithm>
#include <limits>

#include "collective/nvls_port.hpp"
#include "collective/patterns.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  return situation.operation() == Operation::all_reduce && situation.domains > 1 && situation.switches_reduce;
}

bool considered(const Situation& situation) { return situation.request->collnet_allowed; }

// The channels between one rank and the root of its tree, both ways. The root is the switch next to the first domain's
// rank: the paths to and from that rank are the tree, each channel of it used once however many ranks are below.
class AggregationTrees {
 public:
  explicit AggregationTrees(const Situation& situation)
      : situation_(situation), load_(situation.topology->fabric.channels().size(), 0.0) {
    for (const Layout& layout : situation.layouts) {
      for (std::size_t rail = 0; rail < layout.rails; ++rail) add_tree(layout, rail);
    }
  }

  [[nodiscard]] SlowestFlow slowest() const {
    const topology::Fabric& fabric = situation_.topology->fabric;
    std::vector<ChannelUse> trip;
    Seconds most;
    for (const Layout& layout : situation_.layouts) {
      for (std::size_t rail = 0; rail < layout.rails; ++rail) {
        for (std::size_t domain = 1; domain < layout.domains.size(); ++domain) {
          std::vector<ChannelUse> candidate = trip_of(layout, rail, domain);
          const Seconds time = busiest(candidate);
          if (time > most * (1 + 1e-9)) {
            most = time;
            trip = std::move(candidate);
          }
        }
      }
    }
    SlowestFlow flow{.bytes = bytes_};
    for (const ChannelUse& use : trip) {
      const topology::Channel& channel = fabric.channel(use.channel);
      flow.latency += channel.latency * (use.multiplicity / 2);  // the trip has the way to the first rank and back
      const BytesPerSecond rate = channel.capacity * (1 / use.multiplicity);
      if (flow.line_rate == BytesPerSecond{} || rate < flow.line_rate) flow.line_rate = rate;
      flow.path.push_back({use.channel, load_[use.channel.index()] / bytes_});
    }
    auto everyone = std::make_shared<ChannelLoads>();
    for (std::size_t i = 0; i < load_.size(); ++i) {
      if (load_[i] > 0) everyone->push_back({ChannelId{i}, load_[i] * units::B});
    }
    flow.everyone = std::move(everyone);
    return flow;
  }

 private:
  [[nodiscard]] std::vector<ChannelUse> trip_of(const Layout& layout, std::size_t rail, std::size_t domain) const {
    std::vector<ChannelUse> trip;
    const DeviceId root = layout.domains[0][rail];
    const DeviceId rank = layout.domains[domain][rail];
    const std::uint64_t flow = (std::uint64_t{root.index()} << 32U) | rail;
    situation_.topology->routing->append_path(rank, root, flow, trip);
    situation_.topology->routing->append_path(root, rank, flow, trip);
    std::sort(trip.begin(), trip.end(), [](const ChannelUse& a, const ChannelUse& b) { return a.channel < b.channel; });
    return trip;
  }

  void add_tree(const Layout& layout, std::size_t rail) {
    bytes_ = situation_.bytes() / static_cast<double>(layout.rails);
    std::vector<ChannelUse> tree;
    for (std::size_t domain = 1; domain < layout.domains.size(); ++domain) {
      const std::vector<ChannelUse> trip = trip_of(layout, rail, domain);
      tree.insert(tree.end(), trip.begin(), trip.end());
    }
    std::sort(tree.begin(), tree.end(), [](const ChannelUse& a, const ChannelUse& b) { return a.channel < b.channel; });
    for (std::size_t i = 0; i < tree.size();) {
      double share = 0;
      const ChannelId channel = tree[i].channel;
      for (; i < tree.size() && tree[i].channel == channel; ++i) share = std::max(share, tree[i].multiplicity);
      load_[channel.index()] += share * bytes_;
    }
  }

  [[nodiscard]] Seconds busiest(const std::vector<ChannelUse>& trip) const {
    Seconds most;
    for (const ChannelUse& use : trip) {
      const BytesPerSecond capacity = situation_.topology->fabric.channel(use.channel).capacity;
      most = std::max(most, load_[use.channel.index()] * units::B / capacity);
    }
    return most;
  }

  const Situation& situation_;
  std::vector<double> load_;  // bytes by channel
  double bytes_ = 0;          // of one rank's part
};

CollectivePlan plan_sharp(const Situation& situation) {
  Situation in_switches = situation;
  in_switches.transport = &situation.library->collnet->transport;
  const double members = static_cast<double>(situation.domain_ranks);
  Work work{.method = &situation.architecture->ring, .hops = 1, .movements = {}};
  if (nvls_possible(situation)) {
    work.method = &*situation.architecture->nvls;
    work.movements.push_back(nvls_movement(situation, nvls_all_reduce_load(situation)));
  } else if (situation.domain_ranks > 1) {
    // Every member sends each other one its part, and later the sum of its own.
    Traffic within(*situation.topology);
    for (const Layout& layout : situation.layouts) {
      ring_within_domains(layout, 2 * situation.bytes() * (members - 1) / members, true, within);
    }
    work.steps = 2;
    const double extra = situation.architecture->ring.extra;
    work.movements.push_back({within.slowest(), Medium::nvlink, (members - 1) / (members - 1 + extra)});
  }
  work.movements.push_back({AggregationTrees(situation).slowest(), Medium::network});
  return choose_protocol(sharp.name, work, in_switches);
}

}  // namespace

const Algorithm sharp{"sharp",
                      "all_reduce: in the scale-out switches (SHARP, CollNet), in-switch or direct within domains",
                      serves, considered, plan_sharp};

}  // namespace aifsim::collective
