#include "serving/kv_tier_plan.hpp"

#include <array>
#include <string>

namespace aifsim::serving {
namespace {

using topology::DataPlace;

constexpr std::array<std::string_view, 3> places{"host", "nvme", "network"};

// Assumed where the file does not say: the rest of the memory is the operating system's and the engines' own.
constexpr double host_share = 0.8;

// What a node of the platform (all nodes, for the network) has; the least where node types differ.
Bytes there_is(const hardware::Platform& platform, DataPlace place) {
  if (place == DataPlace::network) return platform.storage.capacity;
  std::optional<Bytes> least;
  for (const hardware::NodeGroup& group : platform.groups) {
    const hardware::NodeSpec& type = *group.type;
    const bool memory = type.host_memory_bandwidth > BytesPerSecond{};
    const Bytes here = place == DataPlace::nvme ? type.drives.capacity * static_cast<double>(type.drives.count)
                       : memory                 ? type.host_memory
                                                : Bytes{};
    least = least ? std::min(*least, here) : here;
  }
  return least.value_or(Bytes{});
}

std::string text_of(Bytes bytes) { return std::to_string(static_cast<long long>(bytes.in(units::GB))) + " GB"; }

void check_place(const config::Node& node, const hardware::Platform& platform, KvTierOptions& tier) {
  static constexpr std::array<std::string_view, 3> missing{"nodes whose CPUs have memory of known size and bandwidth",
                                                           "nodes with `nvme`", "a platform with `storage`"};
  const Bytes most = there_is(platform, tier.place);
  const std::size_t row = static_cast<std::size_t>(tier.place) - 1;
  if (most <= Bytes{}) return node.required("tier").problem(std::string(missing.at(row)), "none");
  if (tier.capacity > most) {
    node.optional("capacity").problem("at most the platform's " + text_of(most), text_of(tier.capacity));
  }
  if (tier.capacity <= Bytes{}) tier.capacity = tier.place == DataPlace::host ? most * host_share : most;
}

KvTierOptions read_tier(const config::Node& node, const hardware::Platform* platform) {
  static constexpr std::array<std::string_view, 2> evictions{"lru", "lfu"}, writes{"through", "back"},
      owners{"node", "replica"};
  KvTierOptions tier;
  tier.place = static_cast<DataPlace>(node.required("tier").choice(places) + 1);
  if (const config::Node capacity = node.optional("capacity")) {
    tier.capacity = capacity.bytes();
    if (tier.capacity <= Bytes{}) capacity.problem("more than 0", "0");
  }
  if (tier.place != DataPlace::network) tier.per_replica = node.optional("per").choice_or(0, owners) == 1;
  tier.eviction = node.optional("eviction").choice_or(0, evictions) == 0 ? KvEviction::lru : KvEviction::lfu;
  tier.write = node.optional("write").choice_or(0, writes) == 0 ? KvWrite::through : KvWrite::back;
  tier.efficiency = node.optional("efficiency").number_or(1, {.min = 0.01, .max = 1});
  if (platform != nullptr) check_place(node, *platform, tier);
  node.finish();
  return tier;
}

}  // namespace

KvTierPlan read_kv_tiers(const config::Node& node, const hardware::Platform* platform) {
  KvTierPlan plan;
  if (!node) return plan;
  const config::Node list = node.is_map() ? node.required("tiers") : node;
  for (const config::Node& item : list.items()) {
    const KvTierOptions tier = read_tier(item, platform);
    if (!plan.tiers.empty() && tier.place <= plan.tiers.back().place) {
      item.required("tier").problem("tiers in the order host, nvme, network, each once",
                                    std::string(topology::data_place_names.at(static_cast<std::size_t>(tier.place))));
    }
    plan.tiers.push_back(tier);
  }
  if (!node.is_map()) return plan;
  static constexpr std::array<std::string_view, 2> fetches{"faster", "always"};
  plan.fetch =
      node.optional("fetch").choice_or(0, fetches) == 0 ? KvTierPlan::Fetch::faster : KvTierPlan::Fetch::always;
  plan.staging = node.optional("staging").bytes_or(plan.staging);
  if (const config::Node prefetch = node.optional("prefetch")) {
    plan.prefetch = prefetch.boolean();
    const bool host = !plan.tiers.empty() && plan.tiers.front().place == DataPlace::host;
    if (plan.prefetch && !host) prefetch.problem("a host tier, to which pieces are prefetched", "none");
  }
  node.finish();
  return plan;
}

}  // namespace aifsim::serving
