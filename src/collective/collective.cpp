#include "collective/collective.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "collective/algorithm.hpp"
#include "collective/circuits.hpp"
#include "collective/step_list.hpp"
#include "topology/node_of.hpp"

namespace aifsim::collective {
namespace {

constexpr std::array operation_names{
    std::pair{Operation::all_reduce, std::string_view("all_reduce")},
    std::pair{Operation::all_gather, std::string_view("all_gather")},
    std::pair{Operation::reduce_scatter, std::string_view("reduce_scatter")},
    std::pair{Operation::all_to_all, std::string_view("all_to_all")},
    std::pair{Operation::broadcast, std::string_view("broadcast")},
    std::pair{Operation::reduce, std::string_view("reduce")},
    std::pair{Operation::send_receive, std::string_view("send_receive")},
    std::pair{Operation::all_to_all_v, std::string_view("all_to_all_v")},
};

// Trees: an aggregation tree needs one root above all leaves.
bool switches_reduce(const hardware::Platform& platform, const Library& library) {
  using hardware::ScaleOutKind;
  const hardware::ScaleOut& network = platform.scale_out;
  const bool tree = network.kind == ScaleOutKind::fat_tree || network.kind == ScaleOutKind::rail_optimized ||
                    network.kind == ScaleOutKind::rail_only || network.kind == ScaleOutKind::dual_plane;
  if (!tree || !library.collnet || !library.collnet->reduces(network.switches.name)) return false;
  return std::all_of(network.tiers.begin(), network.tiers.end(), [&library](const hardware::TierSpec& tier) {
    return !tier.switches || library.collnet->reduces(tier.switches->name);
  });
}

// By device, so that an algorithm may order ranks as it likes.
std::vector<double> weights_of(const Request& request, std::size_t devices) {
  if (request.operation != Operation::all_to_all_v || request.weights.empty()) return {};
  const std::vector<double>& given = request.weights;
  const double sum = std::accumulate(given.begin(), given.end(), 0.0);
  ensure(given.size() == request.groups.front().size() && sum > 0, "a weight for every rank, some of them not 0");
  std::vector<double> weights(devices, 0.0);
  for (const auto& group : request.groups) {
    for (std::size_t rank = 0; rank < group.size(); ++rank) {
      weights[group[rank].index()] = given[rank] * static_cast<double>(given.size()) / sum;
    }
  }
  return weights;
}

Situation situate(const Request& request, const hardware::Platform& platform, const topology::Topology& topology) {
  Situation situation{.request = &request, .topology = &topology, .library = &nccl()};
  situation.ranks = request.groups.front().size();
  const hardware::NodeSpec& node = topology::node_of(request.groups.front().front(), platform, topology.fabric);
  situation.architecture = &situation.library->architecture_of(*node.gpu);
  situation.transport = &situation.library->transport_of(node.nic.name);
  situation.nvlink = node.gpu->nvlink;
  situation.nvlink_sharp = node.nvlink_sharp;
  situation.switches_reduce = switches_reduce(platform, *situation.library);
  situation.weights = weights_of(request, topology.fabric.devices().size());
  situation.layouts.reserve(request.groups.size());
  for (const auto& group : request.groups) {
    ensure(group.size() == situation.ranks, "all groups of a collective have the same size");
    situation.layouts.push_back(lay_out(group, *topology.routing));
    const Layout& layout = situation.layouts.back();
    situation.domains = std::max(situation.domains, layout.domains.size());
    for (const Members& members : layout.domains) {
      situation.domain_ranks = std::max(situation.domain_ranks, members.size());
    }
  }
  return situation;
}

const Algorithm& algorithm_named(const std::string& name) {
  std::vector<std::string> known;
  for (const Algorithm* algorithm : algorithms()) {
    if (algorithm->name == name) return *algorithm;
    known.emplace_back(algorithm->name);
  }
  const std::optional<std::string> near = config::nearest(name, known);
  throw ConfigError(Problem{.key = "algorithm",
                            .expected = "auto or one that `aifsim list collectives` names",
                            .got = name,
                            .hint = near ? "did you mean `" + *near + "`?" : ""});
}

CollectivePlan plan_by_name(const Situation& situation) {
  const Algorithm& algorithm = algorithm_named(situation.request->algorithm);
  if (algorithm.serves(situation)) return on_circuits(algorithm.plan(situation), situation);
  throw ConfigError(Problem{.key = "algorithm",
                            .expected = "one that can do this " + std::string(name_of(situation.operation())),
                            .got = situation.request->algorithm});
}

CollectivePlan fastest_plan(const Situation& situation) {
  const topology::Fabric& fabric = situation.topology->fabric;
  std::optional<CollectivePlan> best;
  for (const Algorithm* algorithm : algorithms()) {
    if (!algorithm->serves(situation) || !algorithm->considered(situation)) continue;
    CollectivePlan plan = on_circuits(algorithm->plan(situation), situation);
    if (!best || lone_time(plan, fabric) - plan.unforeseen < lone_time(*best, fabric) - best->unforeseen) {
      best = std::move(plan);
    }
  }
  ensure(best.has_value(), "every operation has an algorithm");
  return *std::move(best);
}

}  // namespace

bool Situation::even_domains() const {
  return std::all_of(layouts.begin(), layouts.end(), [this](const Layout& layout) {
    return layout.rails == domain_ranks && layout.rails * layout.domains.size() == ranks;
  });
}

std::string_view name_of(Operation operation) {
  for (const auto& [value, name] : operation_names) {
    if (value == operation) return name;
  }
  throw InternalError("name_of: unknown operation");
}

std::vector<Operation> operations() {
  std::vector<Operation> all;
  for (const auto& [value, name] : operation_names) all.push_back(value);
  return all;
}

std::optional<Operation> operation_named(std::string_view name) {
  for (const auto& [value, known] : operation_names) {
    if (known == name) return value;
  }
  return std::nullopt;
}

CollectivePlan plan(const Request& request, const hardware::Platform& platform, const topology::Topology& topology) {
  ensure(!request.groups.empty() && !request.groups.front().empty(), "a collective has ranks");
  if (request.groups.front().size() == 1 || request.bytes <= Bytes{}) return {.algorithm = "none", .protocol = "none"};
  const Situation situation = situate(request, platform, topology);
  if (request.steps && !request.unfolded) return plan_steps(*request.steps, situation);
  CollectivePlan plan = request.algorithm == "auto" ? fastest_plan(situation) : plan_by_name(situation);
  if (request.unfolded && plan.phases.front().front().members.empty()) {
    throw ConfigError(Problem{.key = "unfolded",
                              .expected = "algorithm ring or chain, whose ranks can be simulated one by one",
                              .got = request.steps ? "an algorithm as data" : plan.algorithm});
  }
  return plan;
}

std::optional<CollectivePlan> plan_if_served(const Request& request, const hardware::Platform& platform,
                                             const topology::Topology& topology) {
  const Situation situation = situate(request, platform, topology);
  if (request.steps) return plan_steps(*request.steps, situation);
  for (const Algorithm* algorithm : algorithms()) {
    if (algorithm->name == request.algorithm && algorithm->serves(situation)) return algorithm->plan(situation);
  }
  return std::nullopt;
}

Seconds lone_time(const CollectivePlan& plan, const topology::Fabric& fabric) {
  Seconds total = plan.alpha;
  for (const Phase& phase : plan.phases) {
    Seconds slowest;
    for (const PhaseFlow& flow : phase) {
      if (flow.rate_limit > BytesPerSecond{}) slowest = std::max(slowest, flow.bytes / flow.rate_limit);
      for (const ChannelUse& use : flow.path) {
        slowest = std::max(slowest, flow.bytes * use.multiplicity / fabric.channel(use.channel).capacity);
      }
    }
    total += slowest;
  }
  return total;
}

}  // namespace aifsim::collective
