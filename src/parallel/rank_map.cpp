#include "parallel/rank_map.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace aifsim::parallel {
namespace {

// GPUs of the fabric by NVLink domain, in order.
std::vector<std::vector<DeviceId>> gpus_by_domain(const topology::Topology& topology) {
  std::vector<std::vector<DeviceId>> domains;
  for (std::size_t index = 0; index < topology.fabric.gpu_count(); ++index) {
    const DeviceId gpu = topology.fabric.gpu(index);
    const std::size_t domain = topology.routing->nvlink_domain(gpu);
    if (domain >= domains.size()) domains.resize(domain + 1);
    domains[domain].push_back(gpu);
  }
  return domains;
}

std::size_t index_of(int value) { return static_cast<std::size_t>(value); }

}  // namespace

int even_gpus_per_domain(int gpus, int largest, int group) {
  if (group >= largest) return std::min(largest, gpus);
  for (int domains = (gpus + largest - 1) / largest; domains <= gpus; ++domains) {
    if (gpus % domains == 0 && (gpus / domains) % group == 0) return gpus / domains;
  }
  return group;
}

RankMap::RankMap(const Plan& plan, const topology::Topology& topology, int gpus_per_domain) : plan_(plan) {
  const auto domains = gpus_by_domain(topology);
  std::size_t largest = 0;
  for (const auto& domain : domains) largest = std::max(largest, domain.size());
  const int group = plan.tp * plan.cp;
  gpus_per_domain_ =
      gpus_per_domain > 0 ? gpus_per_domain : even_gpus_per_domain(plan.gpus(), static_cast<int>(largest), group);
  device_of_rank_.reserve(index_of(plan.gpus()));
  for (const auto& domain : domains) {
    const std::size_t wanted = index_of(plan.gpus()) - device_of_rank_.size();
    if (wanted == 0) break;
    const std::size_t taken = std::min({domain.size(), index_of(gpus_per_domain_), wanted});
    device_of_rank_.insert(device_of_rank_.end(), domain.begin(), domain.begin() + static_cast<std::ptrdiff_t>(taken));
    ++domains_;
  }
  if (device_of_rank_.size() < index_of(plan.gpus())) {
    throw ConfigError(Problem{.file = "",
                              .key = "parallelism",
                              .expected = "at most the " + std::to_string(device_of_rank_.size()) +
                                          " GPUs that the platform offers (" + std::to_string(gpus_per_domain_) +
                                          " in each NVLink domain)",
                              .got = std::to_string(plan.gpus()) + " ranks (tp x cp x dp x pp)",
                              .hint = "add nodes with --set nodes.count=…, or set placement.gpus_per_domain"});
  }
}

DeviceId RankMap::gpu(int tp, int cp, int dp, int pp) const {
  return device_of_rank_[index_of(((pp * plan_.dp + dp) * plan_.cp + cp) * plan_.tp + tp)];
}

Groups RankMap::tensor_groups(int stage) const {
  Groups groups;
  for (int dp = 0; dp < plan_.dp; ++dp) {
    for (int cp = 0; cp < plan_.cp; ++cp) {
      auto& group = groups.emplace_back();
      for (int tp = 0; tp < plan_.tp; ++tp) group.push_back(gpu(tp, cp, dp, stage));
    }
  }
  return groups;
}

Groups RankMap::context_groups(int stage) const {
  Groups groups;
  for (int dp = 0; dp < plan_.dp; ++dp) {
    for (int tp = 0; tp < plan_.tp; ++tp) {
      auto& group = groups.emplace_back();
      for (int cp = 0; cp < plan_.cp; ++cp) group.push_back(gpu(tp, cp, dp, stage));
    }
  }
  return groups;
}

Groups RankMap::shard_groups(int stage) const {
  Groups groups;
  const int shards = plan_.shards();
  for (int tp = 0; tp < plan_.tp; ++tp) {
    for (int first = 0; first < plan_.data_ranks(); first += shards) {
      auto& group = groups.emplace_back();
      for (int rank = first; rank < first + shards; ++rank) {
        group.push_back(gpu(tp, rank % plan_.cp, rank / plan_.cp, stage));
      }
    }
  }
  return groups;
}

Groups RankMap::replica_groups(int stage) const {
  Groups groups;
  const int shards = plan_.shards();
  for (int tp = 0; tp < plan_.tp; ++tp) {
    for (int shard = 0; shard < shards; ++shard) {
      auto& group = groups.emplace_back();
      for (int rank = shard; rank < plan_.data_ranks(); rank += shards) {
        group.push_back(gpu(tp, rank % plan_.cp, rank / plan_.cp, stage));
      }
    }
  }
  return groups;
}

Groups RankMap::stage_pairs(int from, int to) const {
  Groups groups;
  for (int dp = 0; dp < plan_.dp; ++dp) {
    for (int cp = 0; cp < plan_.cp; ++cp) {
      for (int tp = 0; tp < plan_.tp; ++tp) groups.push_back({gpu(tp, cp, dp, from), gpu(tp, cp, dp, to)});
    }
  }
  return groups;
}

}  // namespace aifsim::parallel
