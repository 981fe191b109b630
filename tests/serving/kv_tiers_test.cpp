// The tiers below HBM on the fabric of two DGX H100: what moves, when, and the laws of their books.
#include "serving/kv_tiers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "config/node.hpp"
#include "replica_case.hpp"

namespace aifsim::serving {
namespace {

using topology::DataPlace;

hardware::Platform platform_of(const std::string& nodes = "type: dgx-h100, count: 2") {
  const config::Document document =
      config::Document::parse("nodes: {" + nodes + "}\n" +
                                  "scale_out: {topology: rail-optimized, switch: qm9700}\n"
                                  "storage: {capacity: 100 TB, read: 125 GB/s, write: 62 GB/s, latency: 200 us}\n",
                              "test.yaml");
  hardware::Platform platform = hardware::read_platform(document);
  document.check();
  return platform;
}

KvTierPlan plan_of(const std::string& yaml) {
  const config::Document document = config::Document::parse("kv_tiers: " + yaml + "\n", "test.yaml");
  const hardware::Platform platform = platform_of();
  KvTierPlan plan = read_kv_tiers(document.root().required("kv_tiers"), &platform);
  document.check();
  return plan;
}

// Pieces of 32 blocks, 80 MB each; two engines of eight GPUs, or four of four.
struct Stack {
  explicit Stack(const std::string& plan, int tp = 8, const std::string& nodes = "type: dgx-h100, count: 2")
      : platform(platform_of(nodes)), topology(topology::build(platform)) {
    topology::add_storage(platform, topology);
    std::vector<BytesPerSecond> capacities;
    for (const topology::Channel& channel : topology.fabric.channels()) capacities.push_back(channel.capacity);
    clock = task::make_ideal_executor(std::move(capacities));
    std::vector<KvTierEngine> engines;
    for (std::size_t first = 0; first < 16; first += static_cast<std::size_t>(tp)) {
      KvTierEngine engine{.groups = {{}}, .block = units::MB * 2.5, .block_on_gpu = units::MB * 2.5 / tp};
      for (std::size_t i = 0; i < static_cast<std::size_t>(tp); ++i) {
        engine.groups.front().push_back(topology.fabric.gpu(first + i));
      }
      engine.recompute_per_token = units::us * 50;
      engines.push_back(engine);
    }
    tiers = std::make_unique<KvTiers>(plan_of(plan), engines, topology, *clock);
  }
  static std::vector<PrefixPiece> pieces(std::uint64_t first, std::uint64_t count) {
    std::vector<PrefixPiece> pieces;
    for (std::uint64_t i = 0; i < count; ++i) pieces.push_back({.name = first + i, .session_name = 0, .blocks = 32});
    return pieces;
  }
  void store(std::uint32_t replica, std::uint64_t first, std::uint64_t count) {
    for (const PrefixPiece& piece : pieces(first, count)) tiers->of(replica).stored(replica, piece);
    clock->run();
    tiers->check();
  }
  void evict(std::uint32_t replica, std::uint64_t first, std::uint64_t count) {
    for (const PrefixPiece& piece : pieces(first, count)) tiers->of(replica).evicted(replica, piece);
    clock->run();
    tiers->check();
  }
  std::size_t find(std::uint32_t replica, std::uint64_t first, std::uint64_t count) {
    return tiers->of(replica).find(pieces(first, count));
  }
  Seconds fetch(std::uint32_t replica, std::uint64_t first, std::uint64_t count) {
    const Seconds begin = clock->now();
    Seconds end;
    tiers->of(replica).fetch(replica, pieces(first, count), [&] { end = clock->now(); });
    EXPECT_EQ(end, Seconds{}) << "never before fetch() has returned";
    clock->run();
    tiers->check();
    return end - begin;
  }
  [[nodiscard]] const KvTiers::Figures& figures(std::size_t tier) const { return tiers->figures()[tier]; }

  hardware::Platform platform;
  topology::Topology topology;
  std::unique_ptr<task::Executor> clock;
  std::unique_ptr<KvTiers> tiers;
};

constexpr double piece_mb = 80;

TEST(KvTiers, keep_what_is_written_through) {
  Stack stack("[{tier: host, capacity: 500 GB}]");
  EXPECT_EQ(stack.find(0, 1, 4), 0U);
  stack.store(0, 1, 4);
  EXPECT_EQ(stack.find(0, 1, 4), 4U);
  EXPECT_EQ(stack.find(0, 2, 5), 3U);
  EXPECT_EQ(stack.find(1, 1, 4), 0U) << "another node's memory";
  EXPECT_NEAR(stack.figures(0).written.in(units::MB), 4 * piece_mb, 1e-9);
  EXPECT_NEAR(stack.figures(0).held.in(units::MB), 4 * piece_mb, 1e-9);
}

TEST(KvTiers, keep_what_is_evicted_when_they_are_written_back) {
  Stack stack("[{tier: host, capacity: 500 GB, write: back}]");
  stack.store(0, 1, 4);
  EXPECT_EQ(stack.find(0, 1, 4), 0U);
  stack.evict(0, 1, 2);
  EXPECT_EQ(stack.find(0, 1, 4), 2U);
}

// Eight PCIe links of 63 GB/s at 0.88 at the same time; host memory gives 2 x 307.2 x 0.93 = 571 GB/s, more than all.
TEST(KvTiers, fetch_at_the_speed_of_the_links) {
  Stack stack("[{tier: host, capacity: 500 GB}]");
  stack.store(0, 1, 100);
  EXPECT_NEAR(stack.fetch(0, 1, 100).in(units::ms), 8e3 / (8 * 55.44) + 1.5e-3, 1e-3);
  Stack four("[{tier: host, capacity: 500 GB}]", 4);
  four.store(0, 1, 100);
  EXPECT_NEAR(four.fetch(0, 1, 100).in(units::ms), 8e3 / (4 * 55.44) + 1.5e-3, 1e-3);
}

TEST(KvTiers, fetch_from_drives_at_the_drives_speed_and_leave_a_copy_in_the_host) {
  Stack stack("{fetch: always, tiers: [{tier: host, capacity: 8 GB}, {tier: nvme, write: back}]}");
  stack.store(0, 1, 150);  // 12 GB: 50 pieces move on to the drives
  EXPECT_NEAR(stack.figures(0).held.in(units::GB), 8, 1e-9);
  EXPECT_NEAR(stack.figures(1).held.in(units::GB), 4, 1e-9);
  EXPECT_EQ(stack.find(0, 1, 150), 150U);
  const std::uint64_t first = stack.figures(1).tokens == 0 ? 101 : 0;  // one batch: its end is evicted first
  EXPECT_NEAR(stack.fetch(0, first, 50).in(units::ms), 4e3 / (8 * 6.8) + 80e-3, 0.1);
  EXPECT_NEAR(stack.figures(1).tokens, 50 * 512, 1e-9);
  EXPECT_NEAR(stack.figures(1).read.in(units::GB), 4, 1e-9);
  EXPECT_NEAR(stack.fetch(0, first, 50).in(units::ms), 4e3 / (8 * 55.44), 0.1) << "from host memory now";
}

TEST(KvTiers, of_a_node_are_shared_by_its_replicas_unless_they_have_their_own) {
  Stack shared("[{tier: host, capacity: 500 GB}]", 4), own("[{tier: host, capacity: 250 GB, per: replica}]", 4);
  shared.store(0, 1, 4);
  own.store(0, 1, 4);
  EXPECT_EQ(shared.find(1, 1, 4), 4U);
  EXPECT_EQ(own.find(1, 1, 4), 0U);
  EXPECT_NEAR(shared.figures(0).capacity.in(units::GB), 1000, 1e-9);
  EXPECT_NEAR(own.figures(0).capacity.in(units::GB), 1000, 1e-9);
}

TEST(KvTiers, of_the_network_are_shared_by_all) {
  Stack stack("{fetch: always, tiers: [{tier: host, capacity: 500 GB}, {tier: network}]}");
  stack.store(0, 1, 4);
  EXPECT_EQ(stack.find(1, 1, 4), 4U);
  const Seconds took = stack.fetch(1, 1, 4);
  EXPECT_NEAR(stack.figures(1).tokens, 4 * 512, 1e-9);
  EXPECT_EQ(stack.find(1, 1, 4), 4U);
  EXPECT_LT(stack.fetch(1, 1, 4), took) << "a copy stayed in the host's memory";
}

TEST(KvTiers, of_the_network_are_faster_and_free_of_host_cores_behind_a_dpu) {
  const std::string tiers = "{fetch: always, tiers: [{tier: network}]}";
  Stack nic(tiers), dpu(tiers, 8, "type: dgx-h100, count: 2, dpus: {type: bluefield3, count: 1}");
  nic.store(0, 1, 100);
  dpu.store(0, 1, 100);
  const Seconds through_host = nic.fetch(0, 1, 100), through_dpu = dpu.fetch(0, 1, 100);
  EXPECT_NEAR(through_host.in(units::ms), 8e3 / (112 * 0.3 / 1.1), 1);
  EXPECT_LT(through_dpu.in(units::ms), 0.75 * through_host.in(units::ms));
  EXPECT_NEAR(nic.tiers->host_core_time().in(units::s), 16 * 1.1, 1e-9);  // 8 GB there, 8 GB back
  EXPECT_EQ(nic.tiers->dpu_core_time(), Seconds{});
  EXPECT_EQ(dpu.tiers->host_core_time(), Seconds{});
  EXPECT_NEAR(dpu.tiers->dpu_core_time().in(units::s), 16 * 0.2, 1e-9);
}

TEST(KvTiers, fetch_no_more_than_is_faster_than_computing) {
  // 512 tokens in 25.6 ms, 80 MB from the host in 0.2 ms, from the storage in 2.6 ms.
  Stack stack("[{tier: host, capacity: 500 GB}]");
  stack.store(0, 1, 8);
  EXPECT_EQ(stack.find(0, 1, 8), 8U);
  Stack slow("[{tier: host, capacity: 500 GB, efficiency: 0.01}]", 1);  // 0.55 GB/s: 144 ms
  slow.store(0, 1, 8);
  EXPECT_EQ(slow.find(0, 1, 8), 0U);
}

TEST(KvTiers, prefetch_to_the_host_while_a_request_waits) {
  Stack stack("{prefetch: true, tiers: [{tier: host, capacity: 4 GB}, {tier: nvme, write: through}]}");
  const auto prompt_of = [](std::uint64_t session, int pieces) {
    Prompt prompt;
    prompt.tokens = pieces * 512;
    prompt.block_tokens = 512;
    for (int i = 0; i < pieces; ++i) prompt.blocks.push_back(session * 1000 + static_cast<std::uint64_t>(i));
    return prompt;
  };
  std::vector<PrefixPiece> first, second;
  name_pieces(prompt_of(1, 50), 16, first);
  name_pieces(prompt_of(2, 50), 16, second);
  for (const auto& pieces : {first, second}) {
    for (const PrefixPiece& piece : pieces) stack.tiers->of(0).stored(0, piece);
    stack.clock->run();
  }
  // The first prompt is on the drives alone.
  stack.tiers->queued(0, prompt_of(1, 50), 0);
  Seconds end;
  const Seconds begin = stack.clock->now();
  stack.tiers->of(0).fetch(0, first, [&] { end = stack.clock->now(); });
  stack.clock->run();
  stack.tiers->check();
  const double drives = 4e3 / 54.4, links = 4e3 / (8 * 55.44);
  EXPECT_NEAR((end - begin).in(units::ms), drives + links, 1) << "waits for the prefetch, then comes from the host";
  EXPECT_NEAR(stack.figures(1).read.in(units::GB), 4, 1e-9) << "is not fetched twice";
  EXPECT_NEAR(stack.figures(0).tokens, 50 * 512, 1e-9);
}

TEST(KvTiers, leave_out_what_has_no_room_to_wait) {
  Stack stack("{staging: 1 GB, tiers: [{tier: host, capacity: 500 GB}]}");
  stack.store(0, 1, 20);
  EXPECT_NEAR(stack.figures(0).dropped.in(units::MB), 8 * piece_mb, 1e-9);  // 12 of 80 MB fit into 1 GB
  EXPECT_NEAR(stack.figures(0).written.in(units::MB), 12 * piece_mb, 1e-9);
}

std::string mistake(const std::string& yaml) {
  try {
    static_cast<void>(plan_of(yaml));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(KvTiers, mistakes_are_told) {
  EXPECT_EQ(mistake("[{tier: nvme}, {tier: host}]"),
            "test.yaml:1:33: kv_tiers[1].tier: expected tiers in the order host, nvme, network, each once, got host");
  EXPECT_EQ(mistake("[{tier: host, capacity: 3 TB}]"),
            "test.yaml:1:35: kv_tiers[0].capacity: expected at most the platform's 2048 GB, got 3000 GB");
  EXPECT_EQ(mistake("{prefetch: true, tiers: [{tier: nvme}]}"),
            "test.yaml:1:22: kv_tiers.prefetch: expected a host tier, to which pieces are prefetched, got none");
}

// A replica with a small cache in front of tiers, on a fabric where nobody else is.
struct TieredReplica {
  TieredReplica(const std::string& plan, int blocks)
      : platform(platform_of()), topology(topology::build(platform)), memory(test::toy_memory(blocks)) {
    topology::add_storage(platform, topology);
    std::vector<BytesPerSecond> capacities;
    for (const topology::Channel& channel : topology.fabric.channels()) capacities.push_back(channel.capacity);
    clock = task::make_ideal_executor(std::move(capacities));
    KvTierEngine engine{
        .groups = {{topology.fabric.gpu(0)}}, .block = memory.block_bytes, .block_on_gpu = memory.block_bytes};
    engine.recompute_per_token = units::us * 20;
    tiers = std::make_unique<KvTiers>(plan_of(plan), std::vector{engine}, topology, *clock);
    EngineOptions options = test::toy_engine();
    options.prefix_caching = true;
    ReplicaOutlets outlets{.completed = [this](Ticket ticket) { done.push_back(ticket.record); },
                           .rejected = [](Ticket, RejectReason) { ADD_FAILURE() << "all are holdable"; },
                           .prefilled = nullptr};
    replica = std::make_unique<Replica>(0, Role::whole, options, memory, pricer, *clock, tally, std::move(outlets));
    replica->use_tiers(tiers->of(0));
  }
  double run(const std::vector<Request>& requests) {
    for (const Request& request : requests) {
      clock->at(request.prompt.arrival, [this, request] {
        tiers->queued(0, request.prompt, 0);
        replica->submit(test::ReplicaCase::ticket_of(request));
      });
    }
    clock->run();
    replica->check();
    tiers->check();
    double cached = 0;
    for (const RequestRecord& record : done) cached += record.cached_tokens;
    return cached;
  }
  hardware::Platform platform;
  topology::Topology topology;
  EngineMemory memory;
  test::ToyPricer pricer;
  test::Tally tally;
  std::unique_ptr<task::Executor> clock;
  std::unique_ptr<KvTiers> tiers;
  std::unique_ptr<Replica> replica;
  std::vector<RequestRecord> done;
};

// Prompts from a few families: those of a family begin alike.
std::vector<Request> random_requests(std::uint64_t seed, double gap) {
  Rng random(seed, "test");
  std::vector<Request> requests;
  for (std::uint64_t id = 0; id < 150; ++id) {
    const std::uint64_t family = random.below(8), blocks = 1 + random.below(8);
    const int partial = static_cast<int>(random.below(64));
    Request request =
        test::request_of(id, gap * (static_cast<double>(id) + 0.5 * random.uniform()),
                         static_cast<int>(blocks - 1) * 64 + 1 + partial, 1 + static_cast<int>(random.below(20)));
    request.prompt.block_tokens = 64;
    for (std::uint64_t i = 0; i < blocks; ++i) request.prompt.blocks.push_back(family * 100 + i);
    requests.push_back(request);
  }
  std::ranges::stable_sort(requests, {}, [](const Request& request) { return request.prompt.arrival; });
  return requests;
}

// Tokens that a cache without end would have.
double infinite_hits(const std::vector<Request>& requests) {
  std::set<std::uint64_t> seen;
  double hits = 0;
  for (const Request& request : requests) {
    std::size_t lead = 0;
    while (lead < request.prompt.blocks.size() && seen.contains(request.prompt.blocks[lead])) ++lead;
    hits += std::min<double>(request.prompt.tokens, static_cast<double>(lead) * 64);
    seen.insert(request.prompt.blocks.begin(), request.prompt.blocks.end());
  }
  return hits;
}

struct Laws {
  const char* name;
  const char* plan;
};
class TierLaws : public testing::TestWithParam<Laws> {};
INSTANTIATE_TEST_SUITE_P(
    all, TierLaws,
    testing::Values(
        Laws{"host", "[{tier: host, capacity: 40 MB}]"},
        Laws{"host_back_lfu", "[{tier: host, capacity: 60 MB, write: back, eviction: lfu}]"},
        Laws{"three",
             "{fetch: always, tiers: [{tier: host, capacity: 30 MB}, {tier: nvme, capacity: 50 MB, write: back}, "
             "{tier: network, capacity: 100 MB, eviction: lfu}]}"},
        Laws{"three_back",
             "[{tier: host, capacity: 30 MB, write: back}, {tier: nvme, capacity: 50 MB, write: back}, "
             "{tier: network, capacity: 100 MB, write: back}]"},
        Laws{"prefetched", "{prefetch: true, tiers: [{tier: host, capacity: 25 MB}, {tier: network}]}"},
        Laws{"tiny_staging", "{staging: 5 MB, tiers: [{tier: host, capacity: 10 MB}, {tier: nvme, capacity: 9 MB}]}"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(TierLaws, hold) {
  double all_fetched = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const std::vector<Request> requests = random_requests(seed, seed % 2 == 0 ? 0.05 : 0.005);
    TieredReplica tiered(GetParam().plan, 40);
    const double cached = tiered.run(requests);
    ASSERT_EQ(tiered.done.size(), requests.size());
    EXPECT_LE(cached, infinite_hits(requests));
    for (const RequestRecord& record : tiered.done) {
      EXPECT_LE(record.arrival, record.scheduled);
      EXPECT_LE(record.scheduled + record.fetch, record.first_token);
      EXPECT_LE(record.first_token, record.done);
      EXPECT_LT(record.cached_tokens, record.input_tokens);
    }
    double tokens = 0;
    Bytes read;
    for (const KvTiers::Figures& tier : tiered.tiers->figures()) {
      tokens += tier.tokens;
      read += tier.read;
      EXPECT_LE(tier.held, tier.written + read);  // a copy in the host tier was read from below
    }
    // A block of 16 tokens is 1 MB. What is prefetched moves twice.
    const double moved = read.in(units::MB)*16;
    if (std::string_view(GetParam().name) == "prefetched") {
      EXPECT_GE(moved, tokens);
    } else {
      EXPECT_NEAR(moved, tokens, 1e-6);
    }
    all_fetched += tokens;
  }
  EXPECT_GT(all_fetched, 0) << "a test in which nothing is fetched shows nothing";
}

TEST(KvTiers, of_more_capacity_never_hit_less_under_lru_where_requests_come_one_after_the_other) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const std::vector<Request> requests = random_requests(seed, 5);
    double before = 0;
    for (const int megabytes : {8, 16, 32, 64, 128, 256, 1024}) {
      TieredReplica tiered("[{tier: host, capacity: " + std::to_string(megabytes) + " MB}]", 40);
      const double cached = tiered.run(requests);
      EXPECT_GE(cached, before) << megabytes << " MB, seed " << seed;
      before = cached;
    }
  }
}

TEST(KvTiers, save_time_to_the_first_token) {
  const std::vector<Request> requests = random_requests(3, 0.02);
  TieredReplica tiered("[{tier: host, capacity: 1 GB}]", 40), alone("[{tier: host, capacity: 1 MB}]", 40);
  const double more = tiered.run(requests), less = alone.run(requests);
  const auto mean = [](const std::vector<RequestRecord>& records) {
    Seconds sum;
    for (const RequestRecord& record : records) sum += record.first_token - record.arrival;
    return sum / static_cast<double>(records.size());
  };
  EXPECT_GT(more, less);
  EXPECT_LT(mean(tiered.done), mean(alone.done));
}

}  // namespace
}  // namespace aifsim::serving
